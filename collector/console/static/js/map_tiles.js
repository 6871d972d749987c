// The city's tiles on a Leaflet map, by the collector's configuration.

/** Lays `tiles` (address, wms_layers, attribution, deepest_zoom) on a map; `away()` when their server is. */
export function layTiles(map, tiles, away) {
  const shared = { maxZoom: 21, maxNativeZoom: tiles.deepest_zoom };
  const layer = tiles.wms_layers
    ? L.tileLayer.wms(tiles.address, { ...shared, layers: tiles.wms_layers, format: "image/png", transparent: false })
    : L.tileLayer(tiles.address, shared);
  layer.addTo(map);
  layer.on("tileerror", away);
}
