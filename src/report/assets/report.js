// Draws the charts of a report. The data are the JSON of the element #data: runs with their curves, and charts.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const runs = data.runs;
  const alone = runs.length === 1;
  const dashes = [[], [7, 5], [2, 4], [10, 4, 2, 4]];
  const css = getComputedStyle(document.documentElement);
  const color = (name) => css.getPropertyValue("--" + name).trim();
  const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const shown = runs.map(() => true);
  let smoothing = 0;

  function text(value, unit) {
    if (value == null || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (unit === "share") return (100 * value).toFixed(size >= 0.1 || size === 0 ? 1 : 2) + " %";
    if (unit === "seconds") return Number(value.toPrecision(3)) + " s";
    for (const [power, letter] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]])
      if (size >= power) return Number((value / (power === 1e4 ? 1e3 : power)).toPrecision(3)) + letter;
    if (size >= 1000 || (unit === "tokens" && size >= 100)) return value.toFixed(0);
    if (size !== 0 && size < 1e-3) return value.toExponential(2);
    return String(Number(value.toPrecision(4)));
  }
  function tick(value, unit) {
    const size = Math.abs(value);
    if (unit === "share") return Number((100 * value).toPrecision(6)) + " %";
    if (size >= 1e6) return Number((value / 1e6).toPrecision(4)) + "M";
    if (size >= 1e4) return Number((value / 1e3).toPrecision(4)) + "k";
    if (size !== 0 && size < 1e-3) return Number(value.toPrecision(3)).toExponential();
    return String(Number(value.toPrecision(6)));
  }

  // An exponential moving average whose beginning is not drawn towards 0.
  function smoothed(values) {
    if (smoothing === 0) return values;
    let sum = 0, weight = 0;
    return values.map((v) => {
      if (v == null) return v;
      sum = smoothing * sum + (1 - smoothing) * v;
      weight = smoothing * weight + (1 - smoothing);
      return sum / weight;
    });
  }

  // The curves of a chart. With one run each line has a color, with several each run has one and each line a dash.
  function curvesOf(chart) {
    const out = [];
    runs.forEach((run, r) => chart.lines.forEach((line, l) => {
      const found = run.curves[line.figure];
      if (found) out.push({run: r, line: l, label: line.label, steps: found[0], values: found[1],
                           color: "run-" + ((alone ? l : r) % 8), dash: dashes[alone ? 0 : l % 4]});
    }));
    return out;
  }

  // Every curve twice: as recorded, and smoothed over it.
  function table(curves) {
    return uPlot.join(curves.flatMap((c) => [[c.steps, c.values], [c.steps, smoothed(c.values)]]));
  }

  function element(tag, className, content) {
    const out = document.createElement(tag);
    if (className) out.className = className;
    if (content !== undefined) out.textContent = content;
    return out;
  }
  function swatch(c) {
    const out = element("i", "swatch");
    out.style.borderTopColor = "var(--" + c.color + ")";
    out.style.borderTopStyle = ["solid", "dashed", "dotted", "double"][dashes.indexOf(c.dash)];
    return out;
  }

  const plots = [];
  function draw(chart) {
    const card = document.getElementById("chart-" + chart.id);
    const keys = card.querySelector(".keys"), place = card.querySelector(".plot");
    const curves = curvesOf(chart);
    const values = curves.map((c) => {
      const key = element("span", "key");
      const name = alone ? c.label : chart.lines.length > 1 ? runs[c.run].name + " · " + c.label : runs[c.run].name;
      const value = element("b");
      key.append(swatch(c));
      if (!(alone && curves.length === 1)) key.append(element("span", "", name));
      key.append(value);
      keys.append(key);
      c.key = key;
      return value;
    });
    function showValues(u) {
      const at = u.cursor.idx;
      curves.forEach((c, i) => {
        const row = u.data[2 * i + 2];
        let k = at ?? row.length - 1;
        while (k > 0 && row[k] == null) --k;
        values[i].textContent = text(row[k], chart.unit);
      });
    }
    const series = [{}];
    const bands = [];
    curves.forEach((c) => {
      const points = c.steps.length <= 40;
      series.push({stroke: () => faded(color(c.color), smoothing ? 0.28 : 0), width: 1, points: {show: false}});
      series.push({stroke: () => color(c.color), width: 2, dash: c.dash,
                   points: {show: points, size: 5, width: 1, fill: () => color(c.color), stroke: () => color(c.color)}});
    });
    if (chart.band)
      for (let i = 0; i + 1 < curves.length; i += 2) {
        const c = curves[i];
        bands.push({series: [2 * i + 4, 2 * i + 2], fill: () => faded(color(c.color), 0.14)});
      }
    const axis = {
      stroke: () => color("faint"), font: "11.5px " + color("sans"),
      grid: {stroke: () => color("line-soft"), width: 1}, ticks: {show: false},
    };
    const atZero = chart.unit === "share" || chart.unit === "tokens";
    const u = new uPlot({
      width: place.clientWidth, height: place.clientHeight, series, bands, legend: {show: false},
      padding: [8, 10, 0, 0],
      cursor: {sync: {key: "r1"}, y: false, points: {size: 7}, focus: {prox: 24}},
      scales: {
        x: {time: false, range: (_, low, high) => low === high ? [low - 1, high + 1] : [low, high]},
        y: {range: (_, low, high) => {
          if (low == null) return [0, 1];
          if (atZero && low >= 0) {
            const top = high === 0 ? 1 : high * 1.06;
            return [0, chart.unit === "share" ? Math.min(top, Math.max(1, high) * 1.02) : top];
          }
          if (low === high) return [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
          const margin = (high - low) * 0.07;
          return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
        }},
      },
      axes: [
        {...axis, grid: {show: false}, size: 30, gap: 6, space: 56, values: (_, t) => t.map((v) => tick(v, "plain")),
         incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7]},
        {...axis, size: 54, gap: 8, space: 38, values: (_, t) => t.map((v) => tick(v, chart.unit))},
      ],
      hooks: {setCursor: [showValues], setData: [showValues]},
    }, table(curves), place);
    showValues(u);
    plots.push({u, place, curves});
  }

  data.charts.forEach(draw);

  const redraw = () => plots.forEach((p) => p.u.redraw());
  const resize = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const p = plots.find((q) => q.place === entry.target);
      const width = p.place.clientWidth, height = p.place.clientHeight;
      if (width > 0 && (width !== p.u.width || height !== p.u.height)) p.u.setSize({width, height});
    }
  });
  plots.forEach((p) => resize.observe(p.place));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  const slider = document.getElementById("smoothing");
  if (slider)
    slider.addEventListener("input", () => {
      smoothing = Number(slider.value);
      document.getElementById("smoothing-value").textContent = smoothing.toFixed(2);
      plots.forEach((p) => p.u.setData(table(p.curves), false));
      redraw();
    });

  document.querySelectorAll(".chip").forEach((chip) => {
    const r = Number(chip.dataset.run);
    chip.addEventListener("click", () => {
      shown[r] = !shown[r];
      chip.setAttribute("aria-pressed", String(shown[r]));
      plots.forEach((p) => p.curves.forEach((c, i) => {
        if (c.run !== r) return;
        c.key.hidden = !shown[r];
        p.u.setSeries(2 * i + 1, {show: shown[r]});
        p.u.setSeries(2 * i + 2, {show: shown[r]});
      }));
    });
  });
})();
