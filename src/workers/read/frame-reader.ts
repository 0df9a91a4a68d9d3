import { Buffer, isUtf8 } from 'node:buffer';
import { EngineError } from '../../shared/api/errors.ts';
import { CLOSE_CODES, OPCODE_BITS, OPCODES } from '../../shared/codec/frame.ts';
import { readClosePayload } from './close-payload.ts';
import { CompressedMessage, maxCompressedBytes } from './compressed-message.ts';
import { beginsCompressed, FrameHeader, MAX_CONTROL_FRAME_BYTES } from './frame-header.ts';
import { inflateMessage } from './inflate.ts';
import { MessageAssembly } from './message-assembly.ts';
import { type FrameLimits, MessageLimits } from './message-limits.ts';
import { turnMask, unmask } from './unmask.ts';
import { invalidText, tooLarge, tooManyFragments, violation } from './violation.ts';

/**
 * Calls of a {@link FrameReader}. All `data` is valid during the call only: it lies in a buffer
 * that the next read overwrites. A call that throws stops the reader, and `read` throws on.
 */
export interface FrameSink {
  /** A frame, or more of one, is about to be read. @returns false if the sink has paused for it */
  onFrame?(): boolean;
  /** A compressed message has begun. @returns false if it shall be read, but not be inflated */
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
   * UTF-8, or a message cannot be inflated) or 1008 (maxFragments), or ERR_MESSAGE_SIZE with 1009.
   */
  onViolation(error: EngineError): void;
}

/**
 * The place of the next byte; nothing is read any more once stopped.
 *
 *     header ──▶ payload ──▶ header    a data frame that is not whole in one chunk, or a fragment
 *     header ──▶ header                any other frame
 *     any ──▶ stopped                  a close frame, a violation, stop()
 */
type Phase = 'header' | 'payload' | 'stopped';

/**
 * Reads the frames of one client out of the chunks that its socket delivers, strictly by RFC 6455.
 * It refuses at the first byte that shows a violation. A message that lies whole in a chunk is
 * unmasked there and handed out without a copy. Calls of the sink may stop, pause and resume the
 * reader, but must not call `read`.
 */
export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #sizes: MessageLimits;
  readonly #sink: FrameSink;
  readonly #mayBeCompressed: boolean;
  /** Whether all messages have the same limit as they come: none is compressed, no text shorter. */
  readonly #hasOneLimit: boolean;
  #phase: Phase = 'header';
  #isPaused = false;
  /** Bytes that have come while the reader was paused. */
  #backlog: Buffer | undefined;
  /** The beginning of a frame whose header, or control payload, is not whole yet. */
  #held: Buffer | undefined;
  /** The message that has begun and is not whole yet. */
  #message: MessageAssembly | undefined;
  /** Set where that message is compressed. */
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
    this.#mayBeCompressed = inflates;
    this.#sizes = new MessageLimits(limits);
    this.#hasOneLimit = !inflates && this.#sizes.areOne;
    this.#header = new FrameHeader(inflates);
  }

  /** Reads bytes that have arrived; `chunk` is unmasked in place, and free again afterwards. */
  read(chunk: Buffer): void {
    const at = this.#readFrames(chunk);
    if (at === chunk.length || this.#isStopped) return;
    const rest = chunk.subarray(at);
    this.#backlog = Buffer.concat(this.#backlog === undefined ? [rest] : [this.#backlog, rest]);
  }

  /**
   * Holds all further calls of the sink, until {@link resume}. No limit counts the bytes that
   * `read` gets meanwhile: pause the socket as well.
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
        if (this.#sink.onFrame?.() === false) break;
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

  /** Keeps a copy of bytes that are too few to be read; the whole chunk is used up then. */
  #hold(bytes: Buffer, chunk: Buffer): number {
    if (!this.#isStopped) {
      // Not from the pool: a client that never goes on would keep the whole slab of 64 KiB alive.
      this.#held = Buffer.allocUnsafeSlow(bytes.length);
      bytes.copy(this.#held);
    }
    return chunk.length;
  }

  /** Returns false if bytes are missing, or a rule is broken. */
  #readHeader(bytes: Buffer, at: number): boolean {
    const header = this.#header;
    const message = this.#message;
    const { maxMessageSize, maxFragments } = this.#limits;
    const limit = this.#hasOneLimit ? maxMessageSize : this.#maxBytesOf(bytes[at] as number);
    const room = limit - (message?.byteLength ?? 0);
    const state = header.read(bytes, at, message !== undefined, room);
    if (state === 'partial') return false;
    if (state === 'illegal') {
      return this.#violate(violation(CLOSE_CODES.PROTOCOL_ERROR, header.violation as string));
    }
    if (state === 'tooLarge') {
      const allowed = this.#sizes.of(this.#isBinary(bytes[at] as number));
      return this.#violate(tooLarge(limit - room + header.payloadBytes, allowed));
    }
    if (message === undefined || header.isControl || message.fragments < maxFragments) return true;
    return this.#violate(tooManyFragments(maxFragments));
  }

  /** Returns the bytes that the message of a frame may have as they come, compressed or not. */
  #maxBytesOf(first: number): number {
    const message = this.#message;
    const begins = this.#mayBeCompressed && beginsCompressed(first);
    const isCompressed = message ? this.#compressed !== undefined : begins;
    const limit = this.#sizes.of(this.#isBinary(first));
    return isCompressed ? maxCompressedBytes(limit, message?.fragments ?? 0) : limit;
  }

  /** Returns whether the message of a frame is binary. */
  #isBinary(first: number): boolean {
    const begun = this.#compressed ?? this.#message;
    return begun?.isBinary ?? (first & OPCODE_BITS) === OPCODES.BINARY;
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
        else this.#violate(invalidText());
        return end;
      }
      const limit = this.#sizes.of(isBinary);
      if (isCompressed) this.#compressed = new CompressedMessage(isBinary, isWanted, limit);
      // Compressed bytes are no text, whatever they will be.
      this.#message = new MessageAssembly(isBinary || isCompressed, this.#limits.maxMessageSize);
    }
    this.#message.fragments++;
    this.#payloadLeft = payloadBytes;
    this.#mask = mask;
    this.#phase = 'payload';
    return this.#readPayload(chunk, at);
  }

  /** Takes the bytes of the chunk that belong to the frame that has begun; there may be none. */
  #readPayload(chunk: Buffer, at: number): number {
    const message = this.#message as MessageAssembly;
    const end = Math.min(chunk.length, at + this.#payloadLeft);
    unmask(chunk, at, end, this.#mask);
    this.#mask = turnMask(this.#mask, end - at);
    this.#payloadLeft -= end - at;
    if (!message.append(chunk, at, end)) this.#violate(invalidText());
    else if (this.#payloadLeft === 0) this.#endFrame(message);
    return end;
  }

  #endFrame(message: MessageAssembly): void {
    this.#phase = 'header';
    const compressed = this.#compressed;
    if (!this.#header.isFinal) {
      const error = compressed?.check(message.bytes);
      if (error !== undefined) this.#violate(error);
      return;
    }
    this.#message = undefined;
    this.#compressed = undefined;
    if (compressed !== undefined) this.#inflate(message.bytes, compressed);
    else if (message.endsWhole) this.#sink.onMessage(message.bytes, message.isBinary);
    else this.#violate(invalidText());
  }

  #inflate(
    payload: Buffer,
    { isBinary, isWanted }: Pick<CompressedMessage, 'isBinary' | 'isWanted'>,
  ): void {
    if (!isWanted) return;
    const inflated = inflateMessage(payload, this.#sizes.of(isBinary));
    if (inflated instanceof EngineError) this.#violate(inflated);
    else if (isBinary || isUtf8(inflated)) this.#sink.onMessage(inflated, isBinary);
    else this.#violate(invalidText());
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
    if (close instanceof EngineError) {
      this.#violate(close);
      return;
    }
    this.stop();
    this.#sink.onClose(close.code, close.reason);
  }

  #violate(error: EngineError): false {
    this.stop();
    this.#sink.onViolation(error);
    return false;
  }
}
