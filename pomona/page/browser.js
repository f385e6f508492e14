"use strict";
// Sorts tables, filters their rows, and shows items. All texts are set as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const make = (tag, text, name) => {
  const one = document.createElement(tag);
  if (text !== undefined) one.textContent = text;
  if (name) one.className = name;
  return one;
};

for (const table of document.querySelectorAll("table")) {
  const rows = [...table.querySelectorAll("tr")].filter((row) => row.querySelector("td"));
  if (rows.length < 2) continue;
  const key = (row, place) => {
    const text = row.cells[place] ? row.cells[place].textContent.trim() : "";
    const number = parseFloat(text.replace(/[,%<+]/g, "").replace("\u2212", "-"));
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  table.querySelectorAll("th").forEach((head, place) => {
    head.tabIndex = 0;
    head.setAttribute("role", "button");
    head.title = "sort";
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => {
        const [x, y] = [key(a, place), key(b, place)];
        const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
        return down ? -order : order;
      });
      rows.forEach((row) => row.parentNode.append(row));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
    });
  });
}

const filter = document.getElementById("filter");
filter.addEventListener("input", () => {
  const wanted = filter.value.toLowerCase();
  for (const row of document.querySelectorAll("#scores table tr")) {
    if (row.querySelector("td")) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }
  for (const figure of document.querySelectorAll("#scores figure")) {
    figure.hidden = !figure.textContent.toLowerCase().includes(wanted);
  }
});

const task = document.getElementById("task"), which = document.getElementById("which");
const search = document.getElementById("search"), list = document.getElementById("list");
const count = document.getElementById("count"), more = document.getElementById("more");
const add = (select, value, text) => { const one = make("option", text); one.value = value; select.append(one); };
add(task, "", "all tasks");
for (const name of new Set(data.items.map((one) => one.task))) add(task, name, name);
add(which, "all", "all items");
if (data.models.length > 1) add(which, "changed", "on which models differ");
data.models.forEach((name, i) => { add(which, `wrong${i}`, `${name} below 1`); add(which, `right${i}`, `${name} at 1 or above`); });
if (data.items.some((one) => one.touched)) add(which, "touched", "touched by training data");

let matches = [], shown = 0;
const PAGE = 20;
const fits = (one) => {
  if (task.value && one.task !== task.value) return false;
  const kind = which.value, number = parseInt(kind.replace(/\D/g, ""), 10);
  if (kind === "changed" && new Set(one.values).size < 2) return false;
  if (kind === "touched" && !one.touched) return false;
  if (kind.startsWith("wrong") && !(one.values[number] < 1)) return false;
  if (kind.startsWith("right") && !(one.values[number] >= 1)) return false;
  const wanted = search.value.toLowerCase();
  return !wanted || [one.prompt, one.target, ...one.answers].some((text) => text.toLowerCase().includes(wanted));
};
const card = (one) => {
  const box = make("details", undefined, "item");
  const values = data.models.map((name, i) => `${name} ${Math.round(one.values[i] * 1000) / 1000}`).join(" · ");
  const head = make("summary", `${one.task} ${one.item} `);
  head.append(make("span", values + (one.touched ? " · touched by training data" : ""), "quiet"));
  box.append(head, make("pre", one.prompt));
  const table = make("table"), right = table.insertRow();
  right.append(make("th", "right"), make("td", one.target, "text"));
  data.models.forEach((name, i) => {
    const row = table.insertRow();
    row.append(make("th", name), make("td", one.answers[i], "text"));
  });
  box.append(table);
  return box;
};
const page = () => {
  for (const one of matches.slice(shown, shown + PAGE)) list.append(card(one));
  shown = Math.min(shown + PAGE, matches.length);
  count.textContent = `${shown.toLocaleString("en")} of ${matches.length.toLocaleString("en")} items`;
  more.hidden = shown >= matches.length;
};
const renew = () => { matches = data.items.filter(fits); shown = 0; list.replaceChildren(); page(); };
for (const one of [task, which]) one.addEventListener("change", renew);
search.addEventListener("input", renew);
more.addEventListener("click", page);
if (data.models.length > 1) which.value = "changed";
renew();
