// The grid of several rows: paste from Excel, arrow keys, undo. Without this script it is a plain form.
"use strict";
(() => {
  const table = document.querySelector("table.grid");
  if (!table) return;
  const body = table.tBodies[0];
  const most = Number(table.dataset.most);
  const done = [];
  let before = "";

  const cellOf = (row, column) => body.rows[row]?.cells[column]?.querySelector("input, select");
  const place = (cell) => {
    const td = cell.closest("td");
    return [td.parentElement.sectionRowIndex, td.cellIndex];
  };

  const addRow = () => {
    if (body.rows.length >= most) return false;
    const number = body.rows.length;
    const row = body.rows[0].cloneNode(true);
    row.cells[0].textContent = String(number + 1);
    for (const cell of row.querySelectorAll("input, select")) {
      const field = cell.name.slice(cell.name.indexOf(".") + 1);
      cell.name = `${number}.${field}`;
      cell.id = `f-${number}.${field}`;
      cell.removeAttribute("aria-invalid");
      cell.closest("td").classList.remove("bad");
      if (cell.tagName === "SELECT") cell.selectedIndex = 0;
      else cell.value = "";
    }
    body.append(row);
    return true;
  };

  const put = (cell, text) => {
    if (cell.tagName !== "SELECT") {
      cell.value = text;
      return;
    }
    const plain = text.trim();
    const found = [...cell.options].findIndex((one) => one.text.trim() === plain || one.value === plain);
    cell.selectedIndex = Math.max(found, 0);
  };

  // Excel puts a cell with line breaks or quotes into quotes and doubles the quotes inside.
  const parse = (text) => {
    const rows = [[""]];
    let quoted = false;
    for (let i = 0; i < text.length; i += 1) {
      const row = rows[rows.length - 1];
      const at = row.length - 1;
      const c = text[i];
      if (quoted) {
        if (c === '"' && text[i + 1] === '"') { row[at] += '"'; i += 1; }
        else if (c === '"') quoted = false;
        else row[at] += c;
      } else if (c === '"' && row[at] === "") quoted = true;
      else if (c === "\t") row.push("");
      else if (c === "\n") rows.push([""]);
      else if (c !== "\r") row[at] += c;
    }
    if (rows.length > 1 && rows[rows.length - 1].join("") === "") rows.pop();
    return rows;
  };

  body.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[\t\n]/.test(text.trimEnd())) return;
    event.preventDefault();
    const [top, left] = place(event.target);
    const step = [];
    parse(text).forEach((values, down) => {
      while (top + down >= body.rows.length) if (!addRow()) return;
      values.forEach((value, right) => {
        const cell = cellOf(top + down, left + right);
        if (!cell) return;
        step.push([cell, cell.value]);
        put(cell, value);
      });
    });
    done.push(step);
    before = event.target.value;
  });

  body.addEventListener("focusin", (event) => { before = event.target.value; });
  body.addEventListener("change", (event) => { done.push([[event.target, before]]); before = event.target.value; });

  body.addEventListener("keydown", (event) => {
    const cell = event.target;
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && done.length > 0) {
      event.preventDefault();
      for (const [one, value] of done.pop()) one.value = value;
      before = cell.value;
      return;
    }
    const text = cell.tagName === "INPUT";
    const [row, column] = place(cell);
    const to = {
      ArrowUp: text && [row - 1, column],
      ArrowDown: text && [row + 1, column],
      Enter: [row + 1, column],
      ArrowLeft: text && cell.selectionStart === 0 && cell.selectionEnd === 0 && [row, column - 1],
      ArrowRight: text && cell.selectionStart === cell.value.length && [row, column + 1],
    }[event.key];
    if (!to) return;
    // A list of suggestions that is open takes the arrows itself.
    if (cell.list && event.key.startsWith("Arrow") && (event.key === "ArrowUp" || event.key === "ArrowDown") && !event.altKey && cell.value !== before) return;
    const next = cellOf(...to);
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (next.select) next.select();
  });

  const more = document.querySelector("[data-more]");
  if (more) {
    more.hidden = false;
    more.addEventListener("click", () => { for (let i = 0; i < 10; i += 1) addRow(); });
  }
})();
