// Commands name the results folder in which this page lies, where it was opened from disk, and can be copied.
const place = location.protocol === "file:" && /^(.*)\/[^/]+\/[^/]*$/.exec(decodeURIComponent(location.pathname));
for (const code of document.querySelectorAll("code[data-folder]")) {
  if (place) {
    const folder = place[1].replace(/^\/(?=[A-Za-z]:)/, "").replaceAll("'", "'\\''"); // amid single quotes
    code.textContent = code.textContent.replace(`'${code.dataset.folder}:`, () => `'${folder}:`);
  }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await copied(code);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  code.after(" ", button);
}

async function copied(code) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(code.textContent);
  getSelection().selectAllChildren(code); // pages from disk have no clipboard of their own everywhere
  document.execCommand("copy");
}
