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
} from '../shared/api/public-types.ts';
