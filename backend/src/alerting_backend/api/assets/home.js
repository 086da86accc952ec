// Examples name the address under which this page was reached, so that they can be pasted as they are.
const words = { ORIGIN: location.origin, SCHEME: location.protocol.replace(":", ""), HOST: location.host };
for (const code of document.querySelectorAll("pre code")) {
  code.textContent = code.textContent.replace(/ORIGIN|SCHEME|HOST/g, (word) => words[word]);
}

for (const block of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      // Browsers give pages without TLS no clipboard, loopback excepted: select the text instead.
      getSelection().selectAllChildren(block.querySelector("code"));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  const frame = document.createElement("div");
  frame.className = "example";
  block.replaceWith(frame);
  frame.append(block, button);
}

const state = document.getElementById("state");
try {
  const { ready, checks } = await (await fetch("/readyz")).json();
  const failing = checks.filter((check) => !check.ok).map((check) => check.name);
  state.textContent = ready ? "ready" : `not ready: ${failing.join(", ")}`;
  state.dataset.ready = ready;
} catch {
  state.textContent = "not reachable";
  state.dataset.ready = false;
}
