"""Speed and quality of this project's parts beside named peers, measured in one run."""
