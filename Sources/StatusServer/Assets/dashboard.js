"use strict";
// Brings the dashboard up to date in place, and shows the values under the pointer. Without it the pages show the same, and load anew by
// themselves every half minute.
(() => {
  const main = document.getElementById("main");
  const period = 3000;

  // MARK: Up to date

  // What somebody reads, selects or is about to press stays as it is.
  function isInUse(part) {
    const selection = document.getSelection();
    return (selection && !selection.isCollapsed && part.contains(selection.anchorNode))
      || (part !== document.activeElement && part.contains(document.activeElement))
      || (part.id === "plots" && part.querySelector(".tip") !== null);
  }

  async function refresh() {
    const lost = document.getElementById("lost");
    try {
      const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.title = fresh.title;
      for (const part of fresh.querySelectorAll("[data-part]")) {
        const old = document.getElementById(part.id);
        if (!old || isInUse(old)) continue;
        if (old.className !== part.className) old.className = part.className;
        if (old.innerHTML !== part.innerHTML) old.replaceChildren(...part.childNodes);
      }
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }

  async function turn() {
    if (!document.hidden) await refresh();
    setTimeout(turn, period);
  }

  if (main.hasAttribute("data-live")) setTimeout(turn, period);

  // MARK: Values under the pointer

  function leave() {
    for (const mark of document.querySelectorAll(".cursor, .tip")) mark.remove();
  }

  function point(event) {
    const canvas = event.target.closest(".canvas");
    leave();
    if (!canvas) return;
    const plot = JSON.parse(canvas.closest("[data-plot]").dataset.plot);
    const box = canvas.getBoundingClientRect();
    const wanted = plot.begin + plot.span * (event.clientX - box.left) / box.width;
    const nearest = (points) => points.reduce((best, one) => !best || Math.abs(one[0] - wanted) < Math.abs(best[0] - wanted) ? one : best, null);
    const found = plot.series.map((series) => [series.name, nearest(series.points)]).filter(([, one]) => one);
    if (found.length === 0) return;
    const time = found[0][1][0];
    const share = (time - plot.begin) / plot.span;
    const cursor = document.createElement("div");
    cursor.className = "cursor";
    cursor.style.left = `${share * 100}%`;
    const tip = document.createElement("output");
    tip.className = "tip";
    tip.textContent = [new Date(time * 1000).toISOString().slice(11, 19), ...found.map(([name, one]) => `${name} ${one[1]}${plot.unit}`)].join("\n");
    if (share < 0.5) tip.style.left = `calc(${share * 100}% + 6px)`;
    else tip.style.right = `calc(${(1 - share) * 100}% + 6px)`;
    canvas.append(cursor, tip);
  }

  main.addEventListener("pointermove", point);
  main.addEventListener("pointerleave", leave);
})();
