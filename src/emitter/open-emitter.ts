import {
  MessageChannel,
  type MessagePort,
  postMessageToThread,
  receiveMessageOnPort,
  threadId,
} from 'node:worker_threads';
import { deserializeError, EngineError } from '../shared/api/errors.ts';
import type {
  EmitterHandle,
  EmitterRequest,
  ToEmitter,
} from '../shared/messages/emitter-messages.ts';
import { optionError } from '../shared/options/option-rules.ts';
import { ThreadEmitter } from './thread-emitter.ts';

/** Milliseconds in which the engine's thread has to answer. */
const OPENING_TIMEOUT = 5_000;

/**
 * Opens an emitter in this thread, with rings of its own into every shard.
 * @param handle the result of `engine.emitter()`, in whichever thread the engine is
 * @throws EngineError ERR_OPTION; ERR_EMITTER_LIMIT; ERR_ENGINE_CLOSED where no engine answers within 5 s
 */
export async function openEmitter(handle: EmitterHandle): Promise<ThreadEmitter> {
  if (!isHandle(handle)) throw optionError('handle', handle, 'the result of engine.emitter()');
  const { port1, port2 } = new MessageChannel();
  const answer = firstMessage(port1);
  send(handle, port2).catch(answer.giveUp);
  const message = await answer.promise;
  if (message.type === 'opened') return new ThreadEmitter(port1, message);
  port1.close();
  if (message.type === 'refused') throw deserializeError(message.error);
  throw new TypeError(`an emitter is opened or refused, not '${message.type}'`);
}

function isHandle(handle: unknown): boolean {
  const { threadId: thread, engine } = (handle ?? {}) as Partial<EmitterHandle>;
  return Number.isInteger(thread) && typeof engine === 'string';
}

async function send({ threadId: target, engine }: EmitterHandle, port: MessagePort) {
  const request: EmitterRequest<MessagePort> = { fanringEngine: engine, port };
  // No thread can post to itself.
  if (target === threadId) {
    if (!process.emit('workerMessage', request, threadId)) throw new Error('nobody listens');
  } else await postMessageToThread(target, request, [port], OPENING_TIMEOUT);
}

/** Awaits the first message; later ones stay in the port until it has another listener. */
function firstMessage(port: MessagePort) {
  const { promise, resolve, reject } = Promise.withResolvers<ToEmitter>();
  let isSettled = false;
  const settle = () => {
    isSettled = true;
    clearTimeout(timer);
    port.off('message', onMessage).off('close', onClose);
  };
  const onMessage = (message: ToEmitter) => {
    settle();
    resolve(message);
  };
  const onClose = () => {
    settle();
    reject(new EngineError('ERR_ENGINE_CLOSED', 'the engine does not answer'));
  };
  // The request may seem to have failed, or timed out, while its answer waits in the port, or after
  // the answer was read: an answer counts in any case.
  const giveUp = () => {
    if (isSettled) return;
    const answer = receiveMessageOnPort(port);
    if (answer === undefined) port.close();
    else onMessage(answer.message as ToEmitter);
  };
  const timer = setTimeout(giveUp, OPENING_TIMEOUT);
  port.on('close', onClose).on('message', onMessage);
  return { promise, giveUp };
}
