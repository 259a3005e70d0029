/* The scan box: scans queue up while one is under way, focus always comes back, three tones.
   Without this file every scan is an ordinary form post. */
(() => {
  const desk = document.getElementById("desk");
  if (!desk) return;
  const queue = [];
  let busy = false;
  let sound = null;
  let lastSerial = desk.querySelector(".verdict")?.dataset.serial;

  const box = () => desk.querySelector("#scan");
  const focusBox = () => box()?.focus({ preventScroll: true });

  function showWaiting() {
    const line = desk.querySelector("#waiting");
    if (!line) return;
    line.hidden = queue.length === 0;
    line.querySelector("b").textContent = String(queue.length);
  }

  function play(tone) {
    if (desk.dataset.tones === "off") return;
    try {
      sound ??= new AudioContext();
      const [pitch, length] = { ok: [880, 0.09], attention: [587, 0.22], stop: [220, 0.4] }[tone];
      const tune = sound.createOscillator();
      const volume = sound.createGain();
      tune.frequency.value = pitch;
      volume.gain.value = 0.12;
      tune.connect(volume).connect(sound.destination);
      tune.start();
      tune.stop(sound.currentTime + length);
    } catch { /* a machine without sound still shows the verdict */ }
  }

  async function send(body) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await fetch(desk.querySelector("#scan-form").action, {
          method: "POST", body, headers: { "X-Desk": "fragment" }, credentials: "same-origin",
        });
        if (answer.status < 500) return answer;
      } catch { /* the line is down: the same operation is sent again */ }
      await new Promise((wake) => setTimeout(wake, Math.min(500 * 2 ** attempt, 8000)));
    }
  }

  async function drain() {
    if (busy) return;
    busy = true;
    while (queue.length) {
      showWaiting();
      const form = new FormData(desk.querySelector("#scan-form"));
      const { code, id } = queue[0];
      form.set("code", code);
      form.set("operation_id", id);
      const answer = await send(form);
      if (answer.redirected || !answer.ok) { location.reload(); return; }
      const typed = box()?.value ?? "";
      desk.innerHTML = await answer.text();
      queue.shift();
      if (box()) box().value = typed;
      const verdict = desk.querySelector(".verdict");
      if (verdict && verdict.dataset.serial !== lastSerial) {
        lastSerial = verdict.dataset.serial;
        play(verdict.dataset.tone);
      }
      showWaiting();
      focusBox();
    }
    busy = false;
  }

  desk.addEventListener("submit", (event) => {
    if (event.target.id !== "scan-form") return;
    event.preventDefault();
    const code = box().value.trim();
    box().value = "";
    if (code) {
      queue.push({ code, id: crypto.randomUUID() });
      drain();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "F2" || event.key === "F3") {
      event.preventDefault();
      desk.querySelector(`.mode[value="${event.key === "F2" ? "lend" : "return"}"]`)?.click();
    } else if (event.key === "Escape") {
      desk.querySelector(".patron-panel header button")?.click();
    } else if (event.key.length === 1 && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      focusBox(); // a scanner types at any time; the key itself lands in the box
    }
  });
  focusBox();
})();
