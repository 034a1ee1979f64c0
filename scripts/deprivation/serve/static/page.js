// What the page adds to plain HTML: suggestions, a map that moves, files without leaving the page.
// Text from answers goes in as text; HTML only from this server's own templates, which escape it.

const byId = (id) => document.getElementById(id);

function suggest() {
  const field = byId("q");
  const list = byId("suggestions");
  let waiting;
  let asked = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    const text = field.value.trim();
    if (text.length < 3 || /\d/.test(text)) return list.replaceChildren();
    waiting = setTimeout(async () => {
      const mine = ++asked;
      const answer = await fetch(`places?limit=8&q=${encodeURIComponent(text)}`);
      if (!answer.ok || mine !== asked) return;
      const names = new Set((await answer.json()).places.map((place) => place.name));
      list.replaceChildren(
        ...[...names].map((name) => Object.assign(document.createElement("option"), { value: name })),
      );
    }, 200);
  });
}

const COLOURS = [
  "#1d1147", "#35206e", "#4a3d8f", "#4d5da3", "#4276a8",
  "#4a9ab3", "#62b6b0", "#8fcfa7", "#c4e3a5", "#f3f3b5",
];

function corners(geometry) {
  const deep = { Point: 0, Polygon: 1, MultiPolygon: 2 }[geometry.type];
  return deep ? geometry.coordinates.flat(deep) : [geometry.coordinates];
}

async function drawMap(holder) {
  const place = holder.dataset.place;
  const edition = holder.dataset.edition ? `&edition=${holder.dataset.edition}` : "";
  const point = holder.dataset.latitude
    ? [Number(holder.dataset.longitude), Number(holder.dataset.latitude)]
    : null;
  const [maplibre, shapes] = await Promise.all([
    import("./maplibre-gl.mjs"),
    place
      ? fetch(`page/map?place=${encodeURIComponent(place)}${edition}`).then((a) => (a.ok ? a.json() : null))
      : null,
  ]);
  const style = document.createElement("link");
  Object.assign(style, { rel: "stylesheet", href: "static/maplibre-gl.css" });
  document.head.append(style);
  maplibre.setWorkerUrl(new URL("./maplibre-gl-worker.mjs", import.meta.url).href);
  const canvas = document.createElement("div");
  canvas.className = "canvas";
  holder.prepend(canvas);
  const base = document.body.dataset.baseMap;
  const sources = { areas: { type: "geojson", data: shapes ?? { type: "FeatureCollection", features: [] } } };
  const layers = [{ id: "ground", type: "background", paint: { "background-color": "#eef0f2" } }];
  if (base) {
    sources.base = { type: "raster", tiles: [base], tileSize: 256 };
    layers.push({ id: "base", type: "raster", source: "base" });
  }
  const colour = ["match", ["get", "decile"], ...COLOURS.flatMap((value, n) => [n + 1, value]), "#8a8a8a"];
  // Areas without a boundary in the file are points, over those with one.
  layers.push({
    id: "areas",
    type: "fill",
    source: "areas",
    filter: ["!=", ["geometry-type"], "Point"],
    paint: { "fill-color": colour, "fill-opacity": base ? 0.75 : 1, "fill-outline-color": "#555" },
  });
  if (shapes?.border) {
    sources.border = { type: "geojson", data: { type: "Feature", properties: {}, geometry: shapes.border } };
    layers.push({ id: "border", type: "line", source: "border", paint: { "line-color": "#222", "line-width": 1.5 } });
  }
  layers.push({
    id: "points",
    type: "circle",
    source: "areas",
    filter: ["==", ["geometry-type"], "Point"],
    paint: {
      "circle-color": colour,
      "circle-stroke-color": "#555",
      "circle-stroke-width": 1,
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 6, 2, 11, 6, 15, 14],
    },
  });
  let map;
  try {
    map = new maplibre.Map({
      container: canvas,
      style: { version: 8, sources, layers },
      center: point ?? [-2, 54],
      zoom: point ? 12 : 5,
      attributionControl: false,
    });
  } catch (error) {
    canvas.remove(); // no WebGL here: the drawn map and the text stay
    return;
  }
  map.addControl(new maplibre.NavigationControl({ showCompass: false }));
  map.getCanvas().setAttribute("aria-label", "Map of areas in the colours of their deciles");
  if (point) new maplibre.Marker({ color: "#b00020" }).setLngLat(point).addTo(map);
  if (!point && shapes?.features.length) {
    const box = new maplibre.LngLatBounds();
    for (const one of shapes.features) for (const corner of corners(one.geometry)) box.extend(corner);
    map.fitBounds(box, { padding: 30, animate: false });
  }
  map.on("click", ["points", "areas"], (event) => {
    const said = new maplibre.Popup().setLngLat(event.lngLat);
    said.setText(event.features[0].properties.title).addTo(map);
  });
  map.on("load", () => (holder.dataset.ready = "yes"));
}

function upload() {
  const form = byId("upload");
  const status = byId("upload-status");
  const bar = byId("upload-progress");
  const drop = byId("drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) byId("file").files = event.dataTransfer.files;
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    byId("upload-result").replaceChildren();
    const request = new XMLHttpRequest();
    const number = `page-${[...crypto.getRandomValues(new Uint32Array(3))].join("-")}`;
    request.open("POST", "enrich");
    request.setRequestHeader("x-request-id", number);
    request.responseType = "blob";
    bar.hidden = false;
    bar.removeAttribute("value");
    request.upload.onprogress = (sent) => {
      bar.value = (100 * sent.loaded) / sent.total;
      status.textContent = sent.loaded < sent.total ? "Sending ..." : "Working on it ...";
    };
    // Sent, and not yet answered: how far is it?
    const asking = setInterval(async () => {
      if (bar.hidden || request.readyState > 1) return clearInterval(asking);
      if (status.textContent.startsWith("Sending")) return;
      const said = await fetch(`enrich/${number}`).then((a) => (a.ok ? a.json() : null));
      if (bar.hidden || !said) return;
      if (said.percent === null) bar.removeAttribute("value");
      else bar.value = said.percent;
      status.textContent = said.state === "waiting" ? "Waiting for other files ..." : "Working on it ...";
    }, 1000);
    request.onerror = () => finish("The file could not be sent. Is the server there?");
    request.onload = async () => {
      if (request.status !== 200) {
        let why = "";
        try {
          why = JSON.parse(await request.response.text()).detail;
        } catch {
          why = `the server answered ${request.status}`;
        }
        return finish(`Not done: ${why}`);
      }
      finish("Done.");
      const link = document.createElement("a");
      link.href = URL.createObjectURL(request.response);
      link.download = /filename="([^"]+)"/.exec(request.getResponseHeader("content-disposition"))[1];
      link.textContent = "Download the file";
      const said = await fetch("page/summary", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: request.getResponseHeader("x-deprivation-summary"),
      });
      const charts = document.createElement("div");
      if (said.ok) charts.innerHTML = await said.text();
      byId("upload-result").replaceChildren(link, charts);
      link.focus();
    };
    request.send(new FormData(form));
  });
  function finish(text) {
    bar.hidden = true;
    status.textContent = text;
  }
}

suggest();
upload();
for (const holder of document.querySelectorAll(".map")) {
  drawMap(holder).catch(() => undefined); // the page is whole without it
}
