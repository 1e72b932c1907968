"use strict";
// Data reach the page only as text: textContent and values, never mark-up. Each part starts by itself.
(() => {
  const root = document.documentElement;
  const get = (id) => document.getElementById(id);
  root.classList.add("js");

  function part(name, noteId, start) {
    const broken = (err) => {
      const note = noteId && get(noteId);
      const text = `This part did not start (${name}): ${String(err).split("\n")[0].slice(0, 200)}`;
      if (note) { note.hidden = false; note.textContent = text; }
      root.dataset.broken = `${root.dataset.broken || ""} ${name}`.trim();
    };
    try {
      Promise.resolve(start()).catch(broken);
    } catch (err) {
      broken(err);
    }
  }

  function cases() {
    const list = get("case-list");
    if (!list || !get("case-search")) return;
    const items = Array.from(list.querySelectorAll("details.case"), (element) => ({
      element, states: element.dataset.states.split(","), text: null,
    }));
    const words = (item) => (item.text ??= item.element.textContent.normalize("NFKC").toLowerCase());
    const apply = () => {
      const wanted = get("case-search").value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
      const state = get("case-state").value;
      let left = 0;
      for (const item of items) {
        const fits = (!state || item.states.includes(state)) && wanted.every((word) => words(item).includes(word));
        item.element.hidden = !fits;
        left += fits ? 1 : 0;
      }
      get("case-none").hidden = left > 0;
      get("case-count").textContent = left === items.length ? "" : `${left} of ${items.length}`;
    };
    let waiting = 0;
    get("case-search").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(apply, 120);
    });
    get("case-search").form.addEventListener("submit", (event) => event.preventDefault());
    get("case-state").addEventListener("change", apply);
    const setAll = (open) => items.forEach((item) => { if (!item.element.hidden) item.element.open = open; });
    get("expand-all").addEventListener("click", () => setAll(true));
    get("collapse-all").addEventListener("click", () => setAll(false));
    apply();
  }

  function links() {
    const open = () => {
      const target = location.hash && get(decodeURIComponent(location.hash.slice(1)));
      if (target instanceof HTMLDetailsElement) {
        if (target.hidden) {
          // A link that leads to a case shows it, whatever is searched for.
          get("case-search").value = get("case-state").value = "";
          get("case-state").dispatchEvent(new Event("change"));
        }
        target.open = true;
        target.scrollIntoView();
      }
    };
    addEventListener("hashchange", open);
    // The same link once more changes no hash.
    addEventListener("click", (event) => {
      if (event.target.closest?.("a")?.getAttribute("href") === location.hash && location.hash) open();
    });
    open();
  }

  function copy() {
    const button = get("copy-command");
    if (!button) return;
    button.addEventListener("click", async () => {
      const command = get("command");
      try {
        await navigator.clipboard.writeText(command.textContent);
        get("copied").textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command);
        get("copied").textContent = "Selected; copy it with your keyboard";
      }
    });
  }

  async function inflate(node) {
    const packed = Uint8Array.from(atob(node.textContent.trim()), (char) => char.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  // The policy of this page lets run what has the hash of plotly's script, and nothing else.
  async function load(node) {
    const script = document.createElement("script");
    script.textContent = await inflate(node);
    // Its maps bring a style of their own under a fixed id; who holds the id keeps it out.
    for (const [, id] of script.textContent.matchAll(/getElementById\("([0-9a-f]{64})"\)/g)) {
      document.head.append(Object.assign(document.createElement("template"), { id }));
    }
    document.head.append(script);
    node.remove();
    if (!window.Plotly) throw new Error("plotly did not load");
  }

  function chart() {
    const packed = get("plotly-gz");
    const box = get("explore-chart");
    if (!packed || !box) return null;
    const figures = JSON.parse(get("explore-data").textContent);
    const show = () => {
      const figure = drawing(figures[Number(get("explore-metric").value)], box);
      return window.Plotly.react(box, figure.data, figure.layout, { displayModeBar: false, responsive: true });
    };
    const begin = async () => {
      await load(packed);
      box.hidden = false;
      await show();
      get("explore-note").hidden = true;
      root.dataset.chart = "ready";
      get("explore-metric").addEventListener("change", show);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    };
    get("explore-note").textContent = "The chart is being drawn.";
    return new Promise((resolve, reject) => {
      const near = new IntersectionObserver((seen) => {
        if (seen.some((entry) => entry.isIntersecting)) {
          near.disconnect();
          begin().then(resolve, reject);
        }
      }, { rootMargin: "800px" });
      near.observe(box.parentElement);
    });
  }

  function drawing(metric, box) {
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(name).trim();
    const factor = metric.unit === "points" || metric.unit === "share" ? 100 : 1;
    const at = (number) => (number === null ? null : number * factor);
    const points = metric.points.slice().reverse();
    const marks = points.flatMap((one) => [one.low, one.high, one.point]).concat(metric.null, metric.threshold);
    const finite = marks.filter((mark) => mark !== null).map(at);
    const least = Math.min(...finite);
    const most = Math.max(...finite);
    const pad = (most - least || Math.abs(most) || 1) * 0.06;
    const scale = { at, colour, points, range: [least - pad, most + pad] };
    const data = ["pass", "fail", "inconclusive"].map((verdict) => bars(verdict, scale));
    const narrow = box.clientWidth < 560;
    const layout = {
      height: 96 + 34 * points.length, autosize: true,
      margin: { l: narrow ? 96 : 150, r: 16, t: 24, b: 56 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: colour("--ink") },
      xaxis: {
        range: metric.better > 0 ? scale.range : scale.range.slice().reverse(), gridcolor: colour("--line"), zeroline: false,
        title: { text: metric.axis + (narrow ? "" : " (better to the right)"), font: { color: colour("--soft"), size: 12 } },
      },
      yaxis: {
        tickvals: points.map((_, row) => row), ticktext: points.map((one) => one.label), range: [-0.6, points.length - 0.4],
        showgrid: false, zeroline: false, fixedrange: true,
      },
      hoverlabel: {
        bgcolor: colour("--card"), bordercolor: colour("--line-strong"), font: { color: colour("--ink") }, align: "left",
      },
      hovermode: "closest", dragmode: false, ...references(metric, scale),
    };
    return { data, layout };
  }

  // The intervals of one verdict; an open end runs to the edge.
  function bars(verdict, { at, colour, points, range }) {
    const tint = colour({ pass: "--pass-line", fail: "--fail-line", inconclusive: "--open-line" }[verdict]);
    const own = points.map((_, row) => row).filter((row) => points[row].verdict === verdict);
    const middle = (row) => at(points[row].point ?? points[row].high ?? points[row].low);
    const edge = (value, open) => (value === null ? open : at(value));
    return {
      type: "scatter", mode: "markers", showlegend: false,
      x: own.map(middle), y: own, customdata: own.map((row) => points[row].text),
      marker: { color: tint, opacity: 1, size: own.map((row) => (row === points.length - 1 ? 12 : 9)) },
      error_x: {
        type: "data", symmetric: false, color: tint, thickness: 2.5, width: 5,
        array: own.map((row) => edge(points[row].high, range[1]) - middle(row)),
        arrayminus: own.map((row) => middle(row) - edge(points[row].low, range[0])),
      },
      hovertemplate: "%{customdata}<extra></extra>",
    };
  }

  // No change, the margin or bound, and what lies beyond it.
  function references(metric, { at, colour, range }) {
    const shapes = [];
    const annotations = [];
    const across = { layer: "below", yref: "paper", y0: 0, y1: 1 };
    const line = (x, dash, tint) => shapes.push({
      ...across, type: "line", x0: x, x1: x, line: { color: tint, width: 1.4, dash },
    });
    // On the screen the threshold lies left of no change, whichever way is better: the texts grow apart.
    const note = (x, xanchor, text, tint) => annotations.push({
      x, xanchor, y: 1, yref: "paper", yanchor: "bottom", showarrow: false, text, font: { size: 11, color: tint },
    });
    if (metric.null !== null) {
      line(at(metric.null), "solid", colour("--soft"));
      note(at(metric.null), "left", "no change", colour("--soft"));
    }
    if (metric.threshold !== null) {
      const x = at(metric.threshold);
      const end = metric.better > 0 ? range[0] : range[1];
      shapes.push({ ...across, type: "rect", x0: end, x1: x, fillcolor: colour("--beyond"), line: { width: 0 } });
      line(x, "dash", colour("--fail-line"));
      note(x, metric.null === null ? "center" : "right", metric.thresholdLabel, colour("--fail"));
    }
    return { shapes, annotations };
  }

  part("cases", "case-none", cases);
  // On a phone a course of time begins where it has come to.
  function courses() {
    for (const course of document.querySelectorAll(".timeline, .looks-course")) course.scrollLeft = course.scrollWidth;
  }

  part("links", null, links);
  part("courses", null, courses);
  part("copy", "copied", copy);
  part("chart", "explore-note", chart);
})();
