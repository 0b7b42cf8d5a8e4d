// A click on a picture shows it as large as the window; another click, or Escape, puts it back.
const zoomed = document.createElement("dialog");
zoomed.className = "zoomed";
zoomed.append(document.createElement("img"), document.createElement("p"));
zoomed.addEventListener("click", () => zoomed.close());
document.body.append(zoomed);
for (const link of document.querySelectorAll("a:has(> img)")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab, as for any link
    event.preventDefault();
    const small = link.querySelector("img");
    zoomed.firstChild.src = small.src;
    zoomed.firstChild.alt = zoomed.lastChild.textContent = small.alt;
    zoomed.classList.toggle("pixels", small.closest(".pictures") !== null);
    zoomed.showModal();
  });
}

// Paper shows everything: what is closed opens for it.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => opened.forEach((part) => { part.open = false; }));
