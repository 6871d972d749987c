// Dark, light, or as the system has it; kept in a cookie so that the page comes in its colours.

const NEXT = { auto: "dark", dark: "light", light: "auto" };

export function bindTheme(button, name) {
  const root = document.documentElement;
  const draw = () => { button.textContent = name(root.dataset.theme); };
  button.addEventListener("click", () => {
    root.dataset.theme = NEXT[root.dataset.theme] ?? "dark";
    document.cookie = `pw_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
    draw();
  });
  draw();
}
