import { RecordView } from '../../../src/shared/messages/record-view.ts';

/** A view of a whole record, as its receiver has it. */
export function viewOf(record: Buffer, from = 0): RecordView {
  return new RecordView().at(record, 0, record.length, from);
}
