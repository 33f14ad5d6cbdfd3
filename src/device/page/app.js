"use strict";

// Opens the event stream and draws each status from it. src/device/mod.rs documents the members of
// a status.

const SECONDS = 60; // the span of the charts
const SILENCE_MS = 5000; // the stream is reopened after this long without an event
const CELLS = 48; // squares drawn before "+n" replaces the rest

const $ = (id) => document.getElementById(id);
const token = { value: takeToken() };
let status = null; // the latest one
let samples = []; // one a second: {at, in, out, answered, lost}, `at` in ms of uptime

// ---- The event stream ------------------------------------------------------------------------

let stream = null;
let lastEvent = 0;
let retry = 0;

function connect() {
  disconnect();
  if (document.hidden) return;
  lastEvent = Date.now();
  stream = new EventSource("/_device/events");
  stream.addEventListener("status", (event) => {
    lastEvent = Date.now();
    setLink("live", "live");
    show(JSON.parse(event.data));
  });
  stream.onerror = () => {
    setLink("wait", "reconnecting");
    // The browser reopens a lost stream itself, but not one answered with an error status.
    if (stream && stream.readyState === EventSource.CLOSED) retry = setTimeout(connect, 3000);
  };
}

// A device has few sockets: a hidden tab closes its connection.
function disconnect() {
  clearTimeout(retry);
  if (stream) stream.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", (event) => event.persisted && connect());
setInterval(() => {
  if (stream && Date.now() - lastEvent > SILENCE_MS) {
    setLink("wait", "reconnecting");
    connect();
  }
}, 1000);

// Only changes are written, because a screen reader announces each write.
function setLink(state, text) {
  $("link").dataset.state = state;
  setText("link", text);
}

// ---- One status ------------------------------------------------------------------------------

function show(now) {
  const first = status === null;
  if (!first && now.device.uptime_ms < status.device.uptime_ms) samples = []; // the device has restarted
  sample(now);
  status = now;
  showDevice(now);
  showServices(now.services);
  showTraffic();
  showPing(now.ping);
  showRights(now.device);
  if (first) listFiles("");
}

function sample(now) {
  const sum = (key) => now.services.reduce((total, service) => total + service[key], 0);
  samples.push({
    at: now.device.uptime_ms,
    in: sum("bytes_in"),
    out: sum("bytes_out"),
    answered: now.ping ? now.ping.answered : 0,
    lost: now.ping ? now.ping.lost : 0,
  });
  samples = samples.filter((s) => s.at >= now.device.uptime_ms - (SECONDS + 2) * 1000);
}

// The rate per second between each two samples; `gap` marks a pause of the stream.
function rates(key) {
  const end = status.device.uptime_ms;
  return samples.slice(1).map((s, i) => {
    const before = samples[i];
    const rate = Math.max(0, ((s[key] - before[key]) * 1000) / Math.max(1, s.at - before.at));
    return { x: SECONDS - (end - s.at) / 1000, rate, gap: s.at - before.at > 3000 };
  });
}

const latest = (points) => (points.length ? points[points.length - 1].rate : 0);

function showDevice({ device, services, backlog }) {
  document.title = device.name;
  setText("name", device.name);
  setText("version", `version ${device.version} at ${location.host}`);
  setText("uptime", duration(device.uptime_ms / 1000));
  if (device.unix_ms === null) {
    setText("time", "not set");
    setText("date", "");
    setText("since", "since start");
  } else {
    // Shifted by the device's offset, the UTC fields of a Date are the device's local time.
    const local = new Date(device.unix_ms + device.utc_offset_s * 1000).toISOString();
    setText("time", local.slice(11, 19));
    setText("date", `${local.slice(0, 10)} ${offset(device.utc_offset_s)}`);
    const start = new Date(device.unix_ms + device.utc_offset_s * 1000 - device.uptime_ms);
    setText("since", `since ${start.toISOString().slice(0, 16).replace("T", " ")}`);
  }
  const tcp = services.filter((service) => service.protocol === "tcp");
  const sum = (key) => tcp.reduce((total, service) => total + service[key], 0);
  setText("open", sum("open"));
  setText("slots", `of ${device.connections} connections`);
  setText("parked", backlog.waiting);
  setText("backlog", `of ${backlog.capacity} places, ${backlog.dropped} dropped`);
}

const NUMBERS = [
  ["Now", "open", String],
  ["Waiting", "parked", String],
  ["Served", "served", count],
  ["Expired", "expired", count],
  ["Resets", "peer_resets", count],
  ["Unanswered", "unanswered", count],
  ["Received", "bytes_in", bytes],
  ["Sent", "bytes_out", bytes],
];

const TCP_ONLY = ["open", "parked", "expired", "peer_resets"];
const UDP_ONLY = ["unanswered"];

function showServices(services) {
  const body = $("services");
  if (body.rows.length !== services.length) {
    body.replaceChildren(...services.map(serviceRow));
  }
  services.forEach((service, i) => {
    const cells = body.rows[i].cells;
    drawSockets(cells[1].firstChild, service);
    NUMBERS.forEach(([, key, format], n) => {
      const cell = cells[n + 2];
      const value = service[key];
      const none = (service.protocol === "udp" ? TCP_ONLY : UDP_ONLY).includes(key);
      write(cell, none ? "–" : format(value));
      cell.className = !value ? "zero" : key === "parked" ? "warn" : "";
    });
  });
}

function serviceRow(service) {
  const ports = service.ports.join(", ");
  const name = element("th", {}, service.name, element("small", {}, `${service.protocol} ${ports}`));
  name.scope = "row";
  const numbers = NUMBERS.map(([label]) => {
    const cell = element("td");
    cell.dataset.label = label;
    return cell;
  });
  return element("tr", {}, name, element("td", {}, element("div", { className: "cells" })), ...numbers);
}

// Draws the pool: a square for each socket, filled while it is connected, and behind the gate a dot
// for each queued request.
function drawSockets(picture, { protocol, open, capacity, parked }) {
  if (protocol === "udp") {
    if (!picture.firstChild) picture.append(element("small", {}, "one socket for all peers"));
    return;
  }
  const drawing = `${open}/${capacity}+${parked}`;
  if (picture.dataset.drawing === drawing) return;
  picture.dataset.drawing = drawing;
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${open} of ${capacity} connected, ${parked} waiting`);
  const cell = (name) => element("i", { className: `cell ${name}` });
  const cells = [];
  const draw = (n, name) => {
    for (let i = 0; i < Math.min(n, CELLS); i++) cells.push(cell(name));
    if (n > CELLS) cells.push(element("small", {}, `+${n - CELLS}`));
  };
  draw(open, "open");
  draw(capacity - open, "");
  if (parked) cells.push(element("span", { className: "gate" }));
  draw(parked, "parked");
  picture.replaceChildren(...cells);
}

// ---- Charts ----------------------------------------------------------------------------------

// A chart is an SVG of SECONDS by 1 units that CSS stretches, with labels in HTML that it does not.
function chart(id, classes) {
  const figure = $(id);
  const svg = svgElement("svg", { viewBox: `0 0 ${SECONDS} 1`, preserveAspectRatio: "none" });
  svg.setAttribute("aria-hidden", "true");
  svg.append(svgElement("path", { class: "grid", d: `M0 .5H${SECONDS}M0 0H${SECONDS}` }));
  const paths = classes.map((name) => svg.appendChild(svgElement("path", { class: name })));
  const label = (name, text) => element("span", { className: name }, text);
  const [top, mid] = [label("top", ""), label("mid", "")];
  figure.append(svg, top, mid, label("then", `${SECONDS} s ago`), label("now", "now"));
  return {
    draw(shapes, full, format, summary) {
      shapes.forEach((d, i) => paths[i].setAttribute("d", d));
      write(top, format(full).replace(".0", ""));
      write(mid, format(full / 2).replace(".0", ""));
      figure.setAttribute("aria-label", summary);
    },
  };
}

const traffic = chart("traffic", ["in area", "in", "out area", "out"]);
const pings = chart("pings", ["ok", "lost"]);

function showTraffic() {
  const incoming = rates("in");
  const outgoing = rates("out");
  const peak = Math.max(...[...incoming, ...outgoing].map((point) => point.rate), 0);
  const full = niceCeiling(peak, 1000);
  setText("rate-in", `${bytes(latest(incoming))}/s`);
  setText("rate-out", `${bytes(latest(outgoing))}/s`);
  traffic.draw(
    [area(incoming, full), line(incoming, full), area(outgoing, full), line(outgoing, full)],
    full,
    (rate) => `${bytes(rate)}/s`,
    `Traffic: ${bytes(latest(incoming))} per second in, ${bytes(latest(outgoing))} out, ` +
      `peak ${bytes(peak)} in the last minute`,
  );
}

function showPing(ping) {
  $("ping-panel").hidden = !ping;
  if (!ping) return;
  const answered = rates("answered");
  const lost = rates("lost");
  const full = niceCeiling(Math.max(...answered.map((point, i) => point.rate + lost[i].rate), 0), 10);
  setText("answered", `${perSecond(latest(answered))}/s`);
  setText("lost", `${perSecond(latest(lost))}/s`);
  pings.draw(
    [bars(answered, null, full), bars(lost, answered, full)],
    full,
    (rate) => `${perSecond(rate)}/s`,
    `Pings: ${perSecond(latest(answered))} per second answered, ${perSecond(latest(lost))} lost`,
  );
  const total = answered.concat(lost).reduce((sum, point) => sum + point.rate, 0);
  const service = status.services.find((service) => service.name === "ping");
  if (total > 0 || !service) $("ping-hint").replaceChildren();
  else if (!$("ping-hint").firstChild) {
    const command = `while sleep .1; do echo ping; done | nc -u ${location.hostname} ${service.ports[0]}`;
    $("ping-hint").append("No pings at present. Try ", element("code", {}, command));
  }
  showLoss(ping.loss_percent);
}

const y = (rate, full) => (1 - rate / full).toFixed(4);

function line(points, full) {
  return points.map(({ x, rate, gap }, i) => `${i && !gap ? "L" : "M"}${x.toFixed(2)} ${y(rate, full)}`).join("");
}

// The line, closed along the ground at each gap.
function area(points, full) {
  let path = "";
  points.forEach(({ x, rate, gap }, i) => {
    const at = x.toFixed(2);
    if (i && !gap) path += `L${at} ${y(rate, full)}`;
    else path += `${i ? `L${points[i - 1].x.toFixed(2)} 1Z` : ""}M${at} 1L${at} ${y(rate, full)}`;
  });
  return points.length ? `${path}L${points[points.length - 1].x.toFixed(2)} 1Z` : "";
}

// A bar a second, on top of those `below` where given.
function bars(points, below, full) {
  const bar = ({ x, rate }, i) => {
    const ground = below ? below[i].rate : 0;
    return rate && `M${(x - 0.85).toFixed(2)} ${y(ground, full)}h.7V${y(ground + rate, full)}h-.7Z`;
  };
  return points.map(bar).filter(Boolean).join("");
}

// The next of 1, 2, 5, 10, 20, … that is not below `value`, and at least `least`.
function niceCeiling(value, least) {
  for (let power = 1; ; power *= 10) {
    const fit = [1, 2, 5].find((n) => n * power >= value && n * power >= least);
    if (fit) return fit * power;
  }
}

// ---- Changes to the device -------------------------------------------------------------------

// A browser that opened the link with the token holds it as a cookie, and the status has
// `authorized`. A token entered here is kept for this tab. So is one in the address, which is
// removed from there, so that it is neither bookmarked nor visible.
function takeToken() {
  const address = new URL(location.href);
  const found =
    address.searchParams.get("token") || new URLSearchParams(address.hash.slice(1)).get("token");
  if (found) {
    sessionStorage.setItem("token", found);
    history.replaceState(null, "", address.pathname);
  }
  return sessionStorage.getItem("token");
}

function authorization() {
  return token.value ? { Authorization: `Bearer ${token.value}` } : {};
}

const mayWrite = ({ writable, authorized }) => writable && (authorized || token.value !== null);

function showRights(device) {
  const { writable } = device;
  const allowed = mayWrite(device);
  $("upload").hidden = !allowed;
  $("loss").disabled = !allowed;
  const why = writable ? "To change it, enter the token below." : "This device accepts no changes.";
  setText("loss-hint", allowed ? "" : why);
  $("set-clock").hidden = !allowed || status.device.unix_ms !== null;
  $("unlock").hidden = !writable || allowed;
  $("capture").hidden = !writable;
}

$("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  token.value = $("token").value.trim();
  sessionStorage.setItem("token", token.value);
  $("token").value = "";
  say("");
  showRights(status.device);
});

async function put(path, value) {
  const headers = { "Content-Type": "application/json", ...authorization() };
  try {
    const answer = await fetch(path, { method: "PUT", headers, body: JSON.stringify(value) });
    await answer.text(); // releases the connection
    if (!answer.ok) rejected(answer.status);
    return answer.ok;
  } catch {
    say("The device did not answer.", true);
    return false;
  }
}

function rejected(code) {
  if (code === 401 || code === 403) {
    status.device.authorized = false;
    token.value = null;
    sessionStorage.removeItem("token");
    showRights(status.device);
    say("The device does not accept this token.", true);
  } else say(`The device rejected the request (${code}).`, true);
}

$("set-clock").addEventListener("click", () => put("/_device/clock", { unix: Math.round(Date.now() / 1000) }));

let lossBusy = false; // set while the slider is ahead of the device

function showLoss(percent) {
  if (lossBusy) return;
  $("loss").value = percent;
  setText("loss-value", `${percent} %`);
}

$("loss").addEventListener("input", () => {
  lossBusy = true;
  setText("loss-value", `${$("loss").value} %`);
});

$("loss").addEventListener("change", async () => {
  lossBusy = true;
  await put("/_device/ping", { loss: Number($("loss").value) });
  lossBusy = false;
});
$("loss-form").addEventListener("submit", (event) => event.preventDefault());

// ---- Files -----------------------------------------------------------------------------------

let folder = "";

async function listFiles(path) {
  let listing;
  try {
    const answer = await fetch(`/_device/files.json?path=${encodeURIComponent(path)}`);
    if (!answer.ok) throw new Error(answer.status);
    listing = await answer.json();
  } catch {
    return say("The files could not be listed.", true);
  }
  folder = path;
  const lines = listing.files.map((file) => {
    const full = path ? `${path}/${file.name}` : file.name;
    const name = file.folder
      ? button(`${file.name}/`, () => listFiles(full))
      : element("a", { href: fileAddress(full), download: file.name }, file.name);
    return element(
      "li",
      {},
      name,
      element("span", { className: "date" }, file.modified === null ? "" : day(file.modified)),
      element("span", { className: "size" }, file.folder ? "folder" : bytes(file.size)),
    );
  });
  $("files").replaceChildren(...(lines.length ? lines : [element("li", {}, element("span", {}, "No files"))]));
  $("crumbs").replaceChildren(...(path ? [button("all files", () => listFiles("")), ` / ${path.split("/").join(" / ")}`] : []));
}

$("refresh").addEventListener("click", () => listFiles(folder));

function fileAddress(path) {
  return status.device.files_root + path.split("/").map(encodeURIComponent).join("/");
}

// fetch() does not report the progress of an upload; XMLHttpRequest does.
function uploadFile(file) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PUT", fileAddress(folder ? `${folder}/${file.name}` : file.name));
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      $("bar").value = total ? loaded / total : 1;
    };
    request.onload = () => {
      const stored = request.status >= 200 && request.status < 300;
      if (!stored) rejected(request.status);
      resolve(stored);
    };
    request.onerror = () => {
      say(`${file.name} was not stored: connection lost.`, true);
      resolve(false);
    };
    request.onabort = () => {
      say(`${file.name} was not stored: cancelled.`, true);
      resolve(false);
    };
    $("cancel").onclick = () => request.abort();
    $("bar").value = 0;
    request.send(file);
  });
}

$("upload").addEventListener("submit", async (event) => {
  event.preventDefault();
  const files = [...$("file").files];
  const send = $("upload").querySelector("button");
  send.disabled = true;
  $("progress").hidden = false;
  let stored = 0;
  for (const file of files) {
    say(`Uploading ${file.name} (${bytes(file.size)})`);
    if (!(await uploadFile(file))) break;
    stored += 1;
  }
  $("progress").hidden = true;
  send.disabled = false;
  if (stored === files.length) {
    say(stored === 1 ? `${files[0].name} is stored.` : `${stored} files are stored.`);
    $("upload").reset();
  }
  listFiles(folder);
});

// A link sends the cookie but no token; with a token the capture is fetched, then saved.
$("capture").addEventListener("click", async (event) => {
  if (!token.value) return;
  event.preventDefault();
  const answer = await fetch("/_device/capture.pcap", { headers: authorization() });
  if (!answer.ok) return rejected(answer.status);
  const address = URL.createObjectURL(await answer.blob());
  element("a", { href: address, download: "capture.pcap" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
});

function say(text, bad = false) {
  setText("message", text);
  $("message").classList.toggle("bad", bad);
}

// ---- Formats of numbers ----------------------------------------------------------------------

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit && value < 99.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function count(value) {
  return value.toLocaleString("en").replaceAll(",", "\u202f");
}

function perSecond(rate) {
  return rate < 9.95 && rate % 1 ? rate.toFixed(1) : count(Math.round(rate));
}

function duration(seconds) {
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const clock = `${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days ? `${days} d ${clock}` : clock;
}

function day(unix) {
  return new Date(unix * 1000).toISOString().slice(0, 10);
}

function offset(seconds) {
  if (!seconds) return "UTC";
  const minutes = Math.abs(seconds) / 60;
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  return `${seconds < 0 ? "−" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

// ---- The document ----------------------------------------------------------------------------

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function svgElement(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function button(text, onclick) {
  return element("button", { type: "button", onclick }, text);
}

function write(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

function setText(id, text) {
  write($(id), text);
}

$("upload").hidden = true; // until a status has `writable`
connect();
