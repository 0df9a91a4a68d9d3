import { Buffer, isUtf8 } from 'node:buffer';
import { EngineError } from '../../shared/api/errors.ts';
import { CLOSE_CODES, OPCODES } from '../../shared/codec/frame.ts';
import { readClosePayload } from './close-payload.ts';
import { CompressedMessage, type MessageKind, maxCompressedBytes } from './compressed-message.ts';
import { beginsCompressed, FrameHeader, MAX_CONTROL_FRAME_BYTES } from './frame-header.ts';
import { inflateMessage } from './inflate.ts';
import { MessageAssembly } from './message-assembly.ts';
import { turnMask, unmask } from './unmask.ts';

/** What a {@link FrameReader} holds a client to. */
export interface FrameLimits {
  /** Bytes that a message may have, over all its fragments; 0 and up. */
  readonly maxMessageSize: number;
  /** Frames that a message may have; 1 and up. */
  readonly maxFragments: number;
}

/**
 * What a {@link FrameReader} calls. All `data` is valid during the call only: it lies in a buffer
 * that the next read overwrites. A call that throws stops the reader, and `read` throws on.
 */
export interface FrameSink {
  /** A compressed message has begun; false: it shall be read, not inflated, and not handed out. */
  onCompressed?(): boolean;
  /** A whole message; the data of a text message is valid UTF-8. */
  onMessage(data: Buffer, isBinary: boolean): void;
  /** A ping with 0 to 125 bytes. */
  onPing(data: Buffer): void;
  /** A pong with 0 to 125 bytes. */
  onPong(data: Buffer): void;
  /** A close frame: the last call. The code is 1005 if there was none. */
  onClose(code: number, reason: string): void;
  /**
   * The client broke a rule: the last call. ERR_PROTOCOL with closeCode 1002, 1007 (a text is not
   * UTF-8, or what is compressed cannot be inflated) or 1008 (maxFragments), or ERR_MESSAGE_SIZE with closeCode 1009.
   */
  onViolation(error: EngineError): void;
}

/**
 * What the next byte is; nothing is read any more once stopped.
 *
 *     header ──▶ payload ──▶ header    a data frame that is not whole in one chunk, or a fragment
 *     header ──▶ header                any other frame
 *     any ──▶ stopped                  a close frame, a violation, stop()
 */
type Phase = 'header' | 'payload' | 'stopped';

/**
 * Reads the frames of one client out of the chunks that its socket delivers, strictly by RFC 6455,
 * and refuses at the first byte that shows a violation. A message that lies whole in a chunk is
 * unmasked there and handed out without a copy. Calls of the sink may stop, pause and resume the
 * reader, but must not call `read`.
 */
export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #sink: FrameSink;
  readonly #inflates: boolean;
  #phase: Phase = 'header';
  #isPaused = false;
  /** What has come while the reader was paused. */
  #backlog: Buffer | undefined;
  /** The beginning of a frame whose header, or control payload, is not whole yet. */
  #held: Buffer | undefined;
  /** The message that has begun and is not whole yet. */
  #message: MessageAssembly | undefined;
  /** Where that is compressed, what is known of what it will be. */
  #compressed: CompressedMessage | undefined;

  /** The frame that is being read, or was read last. */
  readonly #header: FrameHeader;
  /** Of this frame's payload, bytes that have not been read. */
  #payloadLeft = 0;
  /** Its mask, turned to fit the next of these bytes. */
  #mask = 0;

  /** @param inflates whether messages may be compressed, as agreed on by RFC 7692 */
  constructor(limits: FrameLimits, sink: FrameSink, inflates = false) {
    this.#limits = limits;
    this.#sink = sink;
    this.#inflates = inflates;
    this.#header = new FrameHeader(inflates);
  }

  /** Reads what has arrived; `chunk` is unmasked in place and free again when this returns. */
  read(chunk: Buffer): void {
    const at = this.#readFrames(chunk);
    if (at === chunk.length || this.#isStopped) return;
    const rest = chunk.subarray(at);
    this.#backlog = Buffer.concat(this.#backlog === undefined ? [rest] : [this.#backlog, rest]);
  }

  /**
   * Holds all further calls of the sink, until {@link resume}. What `read` gets meanwhile is kept
   * without a bound: pause the socket as well.
   */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on where {@link pause} has stopped; the sink may be called before this returns. */
  resume(): void {
    this.#isPaused = false;
    const backlog = this.#backlog;
    if (backlog === undefined) return;
    // Taken first: if a call of the sink pauses and resumes, the loop below simply goes on.
    this.#backlog = undefined;
    const at = this.#readFrames(backlog);
    if (at < backlog.length && !this.#isStopped) this.#backlog = backlog.subarray(at);
  }

  /** Ends reading for good: no further calls of the sink, and nothing is kept. */
  stop(): void {
    this.#phase = 'stopped';
    this.#backlog = undefined;
    this.#held = undefined;
    this.#message = undefined;
    this.#compressed = undefined;
  }

  get #isStopped(): boolean {
    return this.#phase === 'stopped';
  }

  /** Returns how far it has come: to the end of the chunk, unless paused or stopped. */
  #readFrames(chunk: Buffer): number {
    let at = 0;
    try {
      while (at < chunk.length && !this.#isPaused && !this.#isStopped) {
        at = this.#phase === 'header' ? this.#readFrame(chunk, at) : this.#readPayload(chunk, at);
      }
    } catch (thrown) {
      // The position in the chunk is lost, and payload must never be read as frames.
      this.stop();
      throw thrown;
    }
    return at;
  }

  #readFrame(chunk: Buffer, at: number): number {
    if (this.#held !== undefined) return this.#readSplitFrame(this.#held, chunk, at);
    if (!this.#readHeader(chunk, at)) return this.#hold(chunk.subarray(at), chunk);
    const payloadAt = at + this.#header.headerBytes;
    if (this.#header.isControl) return this.#readControlFrame(chunk, payloadAt);
    return this.#readDataFrame(chunk, payloadAt);
  }

  /** Reads a frame whose first bytes came with earlier chunks. */
  #readSplitFrame(held: Buffer, chunk: Buffer, at: number): number {
    const more = chunk.subarray(at, at + MAX_CONTROL_FRAME_BYTES - held.length);
    const joined = Buffer.concat([held, more]);
    if (!this.#readHeader(joined, 0)) return this.#hold(joined, chunk);
    this.#held = undefined;
    const { isControl, headerBytes } = this.#header;
    const start = at - held.length;
    if (isControl) return start + this.#readControlFrame(joined, headerBytes);
    return this.#readDataFrame(chunk, start + headerBytes);
  }

  /** Keeps a copy of what is too short to be read; the whole chunk is used up then. */
  #hold(bytes: Buffer, chunk: Buffer): number {
    if (!this.#isStopped) {
      // Not from the pool: a client that never goes on would keep the whole slab of 64 KiB alive.
      this.#held = Buffer.allocUnsafeSlow(bytes.length);
      bytes.copy(this.#held);
    }
    return chunk.length;
  }

  /** False if there is nothing to go on with: bytes are missing, or a rule is broken. */
  #readHeader(bytes: Buffer, at: number): boolean {
    const header = this.#header;
    const message = this.#message;
    const { maxMessageSize, maxFragments } = this.#limits;
    const limit = this.#inflates ? this.#maxBytesOf(bytes[at] as number) : maxMessageSize;
    const room = limit - (message?.byteLength ?? 0);
    const state = header.read(bytes, at, message !== undefined, room);
    if (state === 'partial') return false;
    if (state === 'illegal')
      return this.#violate(CLOSE_CODES.PROTOCOL_ERROR, header.violation as string);
    if (state === 'tooLarge') {
      const size = limit - room + header.payloadBytes;
      return this.#violate(
        CLOSE_CODES.MESSAGE_TOO_BIG,
        `a message has ${size} bytes, maxMessageSize is ${maxMessageSize}`,
      );
    }
    if (message === undefined || header.isControl || message.fragments < maxFragments) return true;
    return this.#violate(
      CLOSE_CODES.POLICY_VIOLATION,
      `a message has more fragments than maxFragments (${maxFragments})`,
    );
  }

  /** What the message of a frame may have in bytes as they come, compressed or not. */
  #maxBytesOf(first: number): number {
    const { maxMessageSize } = this.#limits;
    const message = this.#message;
    const isCompressed =
      message === undefined ? beginsCompressed(first) : this.#compressed !== undefined;
    return isCompressed
      ? maxCompressedBytes(maxMessageSize, message?.fragments ?? 0)
      : maxMessageSize;
  }

  #readDataFrame(chunk: Buffer, at: number): number {
    const { opcode, isFinal, isCompressed, payloadBytes, mask } = this.#header;
    const end = at + payloadBytes;
    if (this.#message === undefined) {
      const isBinary = opcode === OPCODES.BINARY;
      const isWanted = !isCompressed || this.#sink.onCompressed?.() !== false;
      if (!isWanted && this.#isStopped) return end;
      if (isFinal && end <= chunk.length) {
        unmask(chunk, at, end, mask);
        const data = chunk.subarray(at, end);
        if (isCompressed) this.#inflate(data, { isBinary, isWanted });
        else if (isBinary || isUtf8(data)) this.#sink.onMessage(data, isBinary);
        else this.#violateUtf8();
        return end;
      }
      if (isCompressed)
        this.#compressed = new CompressedMessage(isBinary, isWanted, this.#limits.maxMessageSize);
      // Compressed bytes are no text, whatever they will be.
      this.#message = new MessageAssembly(isBinary || isCompressed, this.#limits.maxMessageSize);
    }
    this.#message.fragments++;
    this.#payloadLeft = payloadBytes;
    this.#mask = mask;
    this.#phase = 'payload';
    return this.#readPayload(chunk, at);
  }

  /** Takes from the chunk what belongs to the frame that has begun; that may be nothing. */
  #readPayload(chunk: Buffer, at: number): number {
    const message = this.#message as MessageAssembly;
    const end = Math.min(chunk.length, at + this.#payloadLeft);
    unmask(chunk, at, end, this.#mask);
    this.#mask = turnMask(this.#mask, end - at);
    this.#payloadLeft -= end - at;
    if (!message.append(chunk, at, end)) this.#violateUtf8();
    else if (this.#payloadLeft === 0) this.#endFrame(message);
    return end;
  }

  #endFrame(message: MessageAssembly): void {
    this.#phase = 'header';
    const compressed = this.#compressed;
    if (!this.#header.isFinal) {
      const fault = compressed?.check(message.bytes);
      if (fault !== undefined) this.#violate(fault.closeCode, fault.message);
      return;
    }
    this.#message = undefined;
    this.#compressed = undefined;
    if (compressed !== undefined) this.#inflate(message.bytes, compressed);
    else if (message.endsWhole) this.#sink.onMessage(message.bytes, message.isBinary);
    else this.#violateUtf8();
  }

  #inflate(payload: Buffer, { isBinary, isWanted }: MessageKind): void {
    if (!isWanted) return;
    const inflated = inflateMessage(payload, this.#limits.maxMessageSize);
    if (!('buffer' in inflated)) this.#violate(inflated.closeCode, inflated.message);
    else if (isBinary || isUtf8(inflated)) this.#sink.onMessage(inflated, isBinary);
    else this.#violateUtf8();
  }

  #readControlFrame(bytes: Buffer, at: number): number {
    const { opcode, payloadBytes, mask } = this.#header;
    const end = at + payloadBytes;
    unmask(bytes, at, end, mask);
    const payload = bytes.subarray(at, end);
    if (opcode === OPCODES.PING) this.#sink.onPing(payload);
    else if (opcode === OPCODES.PONG) this.#sink.onPong(payload);
    else this.#readClose(payload);
    return end;
  }

  #readClose(payload: Buffer): void {
    const close = readClosePayload(payload);
    if ('closeCode' in close) {
      this.#violate(close.closeCode, close.message);
      return;
    }
    this.stop();
    this.#sink.onClose(close.code, close.reason);
  }

  #violateUtf8(): void {
    this.#violate(CLOSE_CODES.INVALID_PAYLOAD, 'a text message is not valid UTF-8');
  }

  #violate(closeCode: number, message: string): false {
    this.stop();
    const code = closeCode === CLOSE_CODES.MESSAGE_TOO_BIG ? 'ERR_MESSAGE_SIZE' : 'ERR_PROTOCOL';
    this.#sink.onViolation(new EngineError(code, message, { closeCode }));
    return false;
  }
}
