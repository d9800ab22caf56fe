// Passkeys: the one thing that no form can do. Each [data-passkey] element holds a button, a line for what happened,
// and the sentences; without this file, or without a browser that can do it, the other way to sign in remains.
"use strict";

const able = window.isSecureContext
  && typeof PublicKeyCredential === "function"
  && typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function"
  && typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function"
  && typeof PublicKeyCredential.prototype.toJSON === "function";

/** Sends one step to the server. A refusal comes back as a sentence, or as the page to go to first. */
const send = async (address, body) => {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  const json = (answer.headers.get("content-type") ?? "").startsWith("application/json") ? await answer.json() : {};
  if (answer.ok) return json;
  throw Object.assign(new Error("refused"), { sentence: json.message, next: json.next });
};

const dialogue = async (box) => {
  const { passkey, begin, finish, next, csrf, pending } = box.dataset;
  const label = box.querySelector("[data-label]")?.value ?? "";
  const { id, options } = await send(begin, { csrf, pending });
  const credential = passkey === "create"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
  return send(finish, { ceremony: id, response: credential.toJSON(), label, next, csrf, pending });
};

for (const box of document.querySelectorAll("[data-passkey]")) {
  const button = box.querySelector("button");
  const status = box.querySelector("[data-status]");
  const say = (sentence) => { status.textContent = sentence ?? ""; };
  box.hidden = false;
  if (!able) {
    button.hidden = true;
    box.querySelector(".field")?.setAttribute("hidden", "");
    say(box.dataset.unsupported);
    continue;
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    say(box.dataset.waiting);
    try {
      const { next } = await dialogue(box);
      location.assign(next);
      return;
    } catch (error) {
      if (error.next) {
        location.assign(error.next);
        return;
      }
      if (error.sentence) say(error.sentence);
      else if (error.name === "NotAllowedError" || error.name === "AbortError") say(box.dataset.cancelled);
      else if (error.name === "InvalidStateError") say(box.dataset.known);
      else if (error.name === "NotSupportedError" || error.name === "SecurityError") say(box.dataset.unsupported);
      else say(box.dataset.failed);
    }
    button.disabled = false;
  });
}
