// Says how many messages have come since the page was made; the empty inbox loads itself again.
"use strict";
const total = Number(document.body.dataset.total);
const news = document.querySelector(".news");
async function look() {
  const answer = await fetch("/count");
  const now = Number((await answer.json()).total);
  if (now > total) {
    if (total === 0) location.reload();
    news.textContent = `${now - total} new`;
    news.hidden = false;
  }
}
setInterval(() => look().catch(() => {}), 2000);
