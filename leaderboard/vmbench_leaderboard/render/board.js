"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const status = document.getElementById("status");
  const filter = document.getElementById("filter");
  const views = document.getElementById("views");
  const yardsticks = document.getElementById("yardsticks");
  let sorted = "";

  // Text only: nothing that comes from a result is ever read as markup.
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const report = () => {
    // A row counts once, on however many boards it stands.
    const rows = [...document.querySelectorAll("tbody tr[data-row]")];
    const names = (list) => new Set(list.map((row) => row.dataset.row)).size;
    const [all, shown] = [names(rows), names(rows.filter((row) => !row.hidden))];
    const count = shown === all ? `${all} rows` : `${shown} of ${all} rows`;
    status.textContent = [count, sorted].filter(Boolean).join(", ");
  };

  // Numbers by size, texts by alphabet, what is missing last in both directions.
  const sortBy = (button) => {
    const heading = button.closest("th");
    const place = [...heading.parentElement.children].indexOf(heading);
    const now = heading.getAttribute("aria-sort");
    const first = button.dataset.first;
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = now === first ? other : first;
    for (const th of heading.parentElement.children) th.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction);
    const numeric = heading.classList.contains("number");
    const sign = direction === "ascending" ? 1 : -1;
    const body = heading.closest("table").tBodies[0];
    const key = (row) => row.children[place].dataset.sort;
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      return sign * (numeric ? Number(x) - Number(y) : x.localeCompare(y));
    };
    body.append(...[...body.rows].sort(compare));
    sorted = `sorted by ${button.textContent}, ${direction}`;
    report();
  };

  const applyFilters = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll("[data-row]")) {
      const text = row.dataset.row.toLowerCase();
      const keep =
        words.every((word) => text.includes(word)) &&
        (!views.value || row.dataset.views === views.value) &&
        (yardsticks.checked || row.dataset.yardstick === "no");
      row.toggleAttribute("hidden", !keep);
    }
    report();
  };

  const dialog = document.getElementById("cell");
  const number = (value) => (value === null ? "unknown" : value.toFixed(4));

  const written = (value) => {
    if (typeof value === "number") return String(Number(value.toPrecision(6)));
    if (value && typeof value === "object") return `(${asText(value)})`;
    return String(value);
  };
  // What is not known is not worth a word.
  const asText = (record) =>
    Object.entries(record)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => `${key} ${written(value)}`)
      .join(", ") || "none";

  const describe = (run) => {
    const full = data.runs[run.run];
    const block = make("details");
    block.append(make("summary", `seed ${run.seed}: ${number(run.value)}`));
    const list = make("dl");
    const add = (term, text) => list.append(make("dt", term), make("dd", text));
    add("run", run.run);
    add("finished", full.created);
    add("all metrics", asText(run.metrics));
    add("without looking at the input", asText(run.floors));
    add("probe", asText(run.probe));
    add("pretraining", asText(full.pretrain));
    add("parameters", asText(full.parameters));
    add("set by the request", asText(full.overrides));
    add("environment", asText(full.environment));
    block.append(list);
    block.append(make("div", "command"), make("pre", full.command));
    block.append(make("div", "configuration"));
    block.append(make("pre", JSON.stringify(data.configs[full.config], null, 2)));
    return block;
  };

  const open = (name) => {
    const cell = data.cells[name];
    document.getElementById("cell-title").textContent = `${cell.row} on ${cell.task}`;
    const interval = cell.interval
      ? `95% interval ${number(cell.interval[0])} to ${number(cell.interval[1])} (over ${cell.covers})`
      : "no interval, for nothing tells the noise";
    const [train, val, test] = cell.sizes;
    const place = cell.normalised === null ? "" : `; normalised ${number(cell.normalised)}`;
    document.getElementById("cell-summary").textContent =
      `Mean ${cell.metric} ${number(cell.mean)} over ${cell.runs.length} ` +
      `${cell.runs.length === 1 ? "seed" : "seeds"}, ${interval}${place}. ` +
      `${cell.units}${train} training, ${val} validation and ${test} test ` +
      `examples, split ${cell.split}.`;
    document.getElementById("cell-runs").replaceChildren(...cell.runs.map(describe));
    dialog.showModal();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && button.dataset.first) sortBy(button);
    else if (button && button.dataset.cell) open(button.dataset.cell);
    else if ((button && button.id === "close") || event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !dialog.open) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === "Escape" && event.target === filter) {
      // Chromium clears a search field by itself, Firefox does not.
      filter.value = "";
      applyFilters();
    }
  });
  document.querySelector("form.filters").addEventListener("submit", (e) => e.preventDefault());
  for (const input of [filter, views, yardsticks]) input.addEventListener("input", applyFilters);
  report();
})();
