// The same letter with Handlebars and nodemailer's pool, links rewritten by one regular expression.
// Usage: node pool.mjs ORDER, beside a node_modules folder. Prints its CPU seconds as JSON.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import nodemailer from 'nodemailer';

const order = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const base = order.base_url;
const secret = Buffer.alloc(32, 'k');
const handlebars = (source) => source
  .replaceAll('{% for item in items %}', '{{#each items}}')
  .replaceAll('{% endfor %}', '{{/each}}')
  .replaceAll(/\{\{ item\.(\w+) \}\}/g, '{{this.$1}}');
const plain = { noEscape: true };
const subject = Handlebars.compile(handlebars(order.subject), plain);
const text = Handlebars.compile(handlebars(order.text), plain);
const html = Handlebars.compile(handlebars(order.html));
const tokenOf = (number) =>
  createHmac('sha256', secret).update(`message:${number}`).digest('hex').slice(0, 26);

function build(number, person) {
  const token = tokenOf(number);
  const values = { ...person.fields, token };
  const tracked = (url) => `${base}/c/${token}/${order.links[url]}`;
  return {
    from: order.sender,
    to: person.address,
    subject: subject(values),
    messageId: `<${token}@shop.example>`,
    list: { unsubscribe: { url: `${base}/u/${token}` } },
    headers: { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    text: text(values).replace(/https:\/\/shop\.example[^\s)"]*/g, tracked),
    html: html(values).replace(/href="(https:\/\/shop\.example[^"]*)"/g,
      (_, url) => `href="${tracked(url)}"`),
  };
}

const transport = nodemailer.createTransport({
  pool: true,
  host: '127.0.0.1',
  port: order.port,
  secure: false,
  ignoreTLS: true,
  maxConnections: order.connections,
  maxMessages: Infinity,
});
build(0, order.people[0]);
const before = process.cpuUsage();
let next = 0;
async function sender() {
  while (next < order.people.length) {
    const number = next++;
    await transport.sendMail(build(number, order.people[number]));
  }
}
await Promise.all(Array.from({ length: order.connections }, sender));
const used = process.cpuUsage(before);
console.log(JSON.stringify({ cpu: (used.user + used.system) / 1e6 }));
transport.close();
