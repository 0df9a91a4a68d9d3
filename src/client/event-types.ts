// The one window onto the types of the server's side; none of them is there at run time.
export type {
  AckOptions,
  AnswerOf,
  AnyEvents,
  AskArguments,
  AskName,
  DisconnectReason,
  EmitArguments,
  EntryHandler,
  EventName,
  PayloadOf,
  // biome-ignore lint/style/noRestrictedImports: one event map types both ends
} from '../shared/public-types.ts';
