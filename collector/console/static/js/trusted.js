// Pages with a map: Leaflet writes one constant as markup while it loads. Nothing else may.

const OF_LEAFLET = "<svg/>";

window.trustedTypes?.createPolicy("default", {
  createHTML(text) {
    if (text !== OF_LEAFLET) throw new TypeError("markup from strings is not taken");
    return text;
  },
});
