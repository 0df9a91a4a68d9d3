import { randomBytes, randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { jwtVerify, SignJWT } from 'jose';
import {
  type ConnectionRequest,
  Refusal,
  type WithExpiry,
  withExpiry,
} from '../../src/main/index.ts';

/** The user of a browser, in as many tabs as they like. */
export interface Guest {
  readonly guest: string;
}

/** A restart makes another one: no token lives on, and pages fetch a new one. */
const SECRET = randomBytes(32);
const COOKIE = /(?:^|; )guest=([\w-]{36})(?:;|$)/;

/** Answers with a token that lets the guest of this browser chat for a minute. */
export const answerToken: RequestListener = async (request, response) => {
  const guest = COOKIE.exec(request.headers.cookie ?? '')?.[1] ?? randomUUID();
  const jwt = new SignJWT().setProtectedHeader({ alg: 'HS256' }).setSubject(guest);
  const token = await jwt.setExpirationTime('1m').sign(SECRET);
  response.writeHead(200, {
    'Cache-Control': 'no-store',
    'Content-Type': 'text/plain',
    'Set-Cookie': `guest=${guest}; HttpOnly; SameSite=Strict`,
  });
  response.end(token);
};

/** Lets in who has a token, for as long as it lasts. Ahead of that fanring asks the page for another. */
export async function admitGuest({ token = '' }: ConnectionRequest): Promise<WithExpiry<Guest>> {
  try {
    const { payload } = await jwtVerify<{ sub: string; exp: number }>(token, SECRET);
    return withExpiry({ guest: payload.sub }, payload.exp * 1000);
  } catch {
    throw new Refusal(401, 'the token is missing, not ours, or too old');
  }
}

const visits = new Map<string, number>();

/** Counts a visit. An app would ask its database, and wait for it as the chat waits here. */
export async function countVisit(guest: string): Promise<number> {
  const count = (visits.get(guest) ?? 0) + 1;
  visits.set(guest, count);
  return count;
}
