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
  // Long curves of single steps are noisy, so a mean is drawn over them from the beginning.
  const longest = Math.max(...runs.flatMap((run) => Object.values(run.curves).map((c) => c[0].length)));
  let smoothing = longest > 150 ? 0.9 : 0;

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

  // An exponential moving average whose beginning is not drawn towards 0. What is measured now and then, such as the
  // accuracy on held-out problems, is not smoothed.
  function smoothed(values) {
    if (smoothing === 0 || 4 * values.length < longest) return values;
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
    chart.lines.forEach((line, l) => runs.forEach((run, r) => {
      const found = run.curves[line.figure];
      if (found) out.push({run: r, line: l, steps: found[0], values: found[1],
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
  function swatch(color, dash) {
    const out = element("i", "swatch");
    out.style.borderTopColor = "var(--" + color + ")";
    out.style.borderTopStyle = ["solid", "dashed", "dotted", "double"][dashes.indexOf(dash)];
    return out;
  }

  // The legend: a key for each line if there is one run, else for each run. A key shows the values of its curves.
  function legendOf(chart, curves, place) {
    const key = (color, dash, name) => {
      const out = element("span", "key"), value = element("b");
      out.append(swatch(color, dash));
      if (name) out.append(element("span", "", name));
      out.append(value);
      place.append(out);
      return {element: out, value};
    };
    if (!alone && chart.lines.length > 1)
      chart.lines.forEach((line, l) => key("soft", dashes[l % 4], line.label));
    if (alone)
      return curves.map((c) => ({curves: [c], ...key(c.color, [], curves.length > 1 ? chart.lines[c.line].label : "")}));
    return runs.map((run, r) => ({run: r, curves: curves.filter((c) => c.run === r)})).filter((k) => k.curves.length)
      .map((k) => ({...k, ...key("run-" + k.run % 8, [], runs[k.run].name)}));
  }

  const plots = [];
  function draw(chart) {
    const card = document.getElementById("chart-" + chart.id);
    const place = card.querySelector(".plot"), at = card.querySelector(".at");
    const curves = curvesOf(chart);
    const keys = legendOf(chart, curves, card.querySelector(".keys"));
    // The values at the pointer, else the last ones.
    function showValues(u) {
      const hit = u.cursor.idx;
      at.textContent = hit == null ? "" : "step " + u.data[0][hit];
      const valueOf = (c) => {
        const row = u.data[2 * curves.indexOf(c) + 2];
        let k = hit ?? row.length - 1;
        while (k > 0 && row[k] == null) --k;
        return text(row[k], chart.unit);
      };
      for (const key of keys) key.value.textContent = key.curves.map(valueOf).join(" / ");
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
      curves.forEach((c, i) => {
        const low = curves.findIndex((d) => d.run === c.run && d.line < c.line);
        if (low >= 0) bands.push({series: [2 * i + 2, 2 * low + 2], fill: () => faded(color(c.color), 0.14)});
      });
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
    plots.push({u, place, curves, keys});
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
  const showSmoothing = () => { document.getElementById("smoothing-value").textContent = smoothing.toFixed(2); };
  slider.value = smoothing;
  showSmoothing();
  slider.addEventListener("input", () => {
    smoothing = Number(slider.value);
    showSmoothing();
    plots.forEach((p) => p.u.setData(table(p.curves), false));
    redraw();
  });

  document.querySelectorAll(".chip").forEach((chip) => {
    const r = Number(chip.dataset.run);
    chip.addEventListener("click", () => {
      shown[r] = !shown[r];
      chip.setAttribute("aria-pressed", String(shown[r]));
      for (const p of plots) {
        for (const key of p.keys) if (key.run === r) key.element.hidden = !shown[r];
        p.curves.forEach((c, i) => {
          if (c.run !== r) return;
          p.u.setSeries(2 * i + 1, {show: shown[r]});
          p.u.setSeries(2 * i + 2, {show: shown[r]});
        });
      }
    });
  });
})();
