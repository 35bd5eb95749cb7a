// What bull-board shows of the queue, and what a worker of BullMQ for Node takes from it.
// node look.mjs REDIS_URL QUEUE NUMBER: prints one JSON document.
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import { Queue, Worker } from "bullmq";
import express from "express";

const [url, name, number] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);
const connection = { host, port: Number(port) };

async function board() {
  const queue = new Queue(name, { connection });
  const adapter = new ExpressAdapter();
  adapter.setBasePath("/");
  createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter: adapter });
  const server = express().use("/", adapter.getRouter()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = `http://127.0.0.1:${server.address().port}/api/queues`;
  const answer = await fetch(`${address}?activeQueue=${name}&status=latest&page=1&jobsPerPage=20`);
  const { queues } = await answer.json();
  server.closeAllConnections();
  server.close();
  await queue.close();
  return queues.map(({ name, counts, jobs }) => ({ name, counts, jobs: jobs.map(({ id, name }) => ({ id, name })) }));
}

async function consumed() {
  const taken = [];
  let enough;
  const all = new Promise((resolve) => (enough = resolve));
  const worker = new Worker(
    name,
    async (job) => {
      taken.push({ id: job.id, name: job.name, data: job.data, opts: job.opts });
      if (taken.length === Number(number)) enough();
    },
    { connection, concurrency: 1 },
  );
  await all;
  await worker.close();
  return taken;
}

console.log(JSON.stringify({ board: await board(), consumed: await consumed() }));
