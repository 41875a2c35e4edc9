// Crosshair and tooltip. Values are read back from the paths, so they are exact to 1/4000 of the axis.
(function () {
  "use strict";
  var BOX = 4000;
  var tip = document.getElementById("tip");
  var charts = [].slice.call(document.querySelectorAll(".chart"));

  function lines(chart) {
    if (!chart.lines) {
      chart.lines = [].map.call(chart.querySelectorAll(".line"), function (path) {
        var n = path.getAttribute("d").match(/-?\d+/g).map(Number), points = [];
        for (var i = 0; i + 1 < n.length; i += 2) points.push([n[i], n[i + 1]]);
        return { label: path.dataset.label, points: points };
      });
    }
    return chart.lines;
  }

  // The last point at or before x; for x before all of them, the first.
  function at(points, x) {
    var lo = 0, hi = points.length - 1;
    while (lo < hi) {
      var mid = (lo + hi + 1) >> 1;
      if (points[mid][0] <= x) lo = mid; else hi = mid - 1;
    }
    var next = points[lo + 1];
    return next && next[0] - x < x - points[lo][0] ? next : points[lo];
  }

  function show(value, unit, span) {
    if (unit === "percent") return (value * 100).toFixed(2) + " %";
    var places = unit === "units" ? 0 : Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(span || 1))));
    var text = value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
    return /^-[0.,]*$/.test(text) ? text.slice(1) : text;
  }

  function row(name, left, right) {
    var div = document.createElement("div");
    div.className = name;
    [left, right].forEach(function (text) {
      if (text === undefined) return;
      var span = document.createElement("span");
      span.textContent = text;
      div.appendChild(span);
    });
    tip.appendChild(div);
  }

  function move(event) {
    var chart = event.currentTarget.closest(".chart"), box = event.currentTarget.getBoundingClientRect();
    var t = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    var from = +chart.dataset.from, to = +chart.dataset.to;
    var lo = +chart.dataset.lo, hi = +chart.dataset.hi, unit = chart.dataset.unit;
    tip.textContent = "";
    var time = new Date((from + t * (to - from)) * 1000).toISOString();
    row("t", time.slice(0, 10) + " " + time.slice(11, 16) + " UTC");
    lines(chart).forEach(function (line) {
      var p = at(line.points, t * BOX);
      row("", line.label, show(hi - p[1] / BOX * (hi - lo), unit, hi - lo));
    });
    [].forEach.call(chart.querySelectorAll(".mark"), function (mark) {
      var x = +mark.getAttribute("d").match(/\d+/)[0];
      if (Math.abs(x - t * BOX) < BOX / 60) row("w", mark.dataset.what);
    });
    charts.forEach(function (c) {
      var cross = c.querySelector(".cross");
      // Charts of the same time move together.
      var same = c.dataset.from === chart.dataset.from && c.dataset.to === chart.dataset.to;
      cross.style.display = same ? "block" : "none";
      cross.style.left = t * 100 + "%";
    });
    tip.style.display = "block";
    var w = tip.offsetWidth, h = tip.offsetHeight;
    var left = event.clientX + 14;
    if (left + w > innerWidth - 8) left = Math.max(8, event.clientX - 14 - w);
    tip.style.left = left + "px";
    tip.style.top = Math.max(8, Math.min(innerHeight - h - 8, event.clientY + 14)) + "px";
  }

  function leave() {
    tip.style.display = "none";
    charts.forEach(function (c) { c.querySelector(".cross").style.display = "none"; });
  }

  charts.forEach(function (chart) {
    var plot = chart.querySelector(".plot");
    plot.addEventListener("pointermove", move);
    plot.addEventListener("pointerdown", move);
    plot.addEventListener("pointerleave", leave);
  });
})();
