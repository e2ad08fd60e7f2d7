// Optional: sort a table by a click on its header, filter the list of devices. The page is complete without.
document.querySelectorAll("table.sortable").forEach((table) => {
  const body = table.tBodies[0];
  const key = (row, place) => {
    const cell = row.cells[place];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  };
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      [...table.tHead.rows[0].cells].forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => {
        const [left, right] = [key(a, place), key(b, place)];
        return sign * (typeof left === "number" ? left - right : left.localeCompare(right));
      });
      body.append(...rows);
    });
  });
});
const sought = document.getElementById("seek");
if (sought) {
  sought.hidden = false;
  sought.querySelector("input").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    document.querySelectorAll(".device").forEach((one) => {
      one.hidden = !one.textContent.toLowerCase().includes(wanted);
    });
  });
}
