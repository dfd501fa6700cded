/** The data types that the messages share, in the restricted form that the instant payment networks use. */
import { choice, code, leaf, optional, pattern, sequence, text, type Value } from './schema';

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

export const max35 = text(35);
export const max105 = text(105);
export const max140 = text(140);
/** An instant with its offset; without one two parties would read two instants. */
export const dateTime = leaf('a date and time with offset', readInstant, (value: string) => value);
export const date = leaf('a date', readDate, (value: string) => value);
export const time = leaf('a UTC time', readTime, (value: string) => value);
export const indicator = leaf('true or false', readBoolean, (value: boolean) => String(value));
export const count = leaf('a number', readCount, (value: number) => String(value));
export const uetr = pattern(
  'a UETR',
  /^[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}$/,
);
export const routingNumber = pattern('a routing number', /^\d{9}$/);
export const creditDebit = code('CRDT', 'DBIT');
export const transactionStatus = code('ACSP', 'ACSC', 'ACCC', 'ACWP', 'RJCT');
export const reasonCode = pattern('a reason code', /^[A-Z0-9]{1,4}$/);

export const agent = sequence({
  FinInstnId: sequence({
    ClrSysMmbId: sequence({
      ClrSysId: optional(sequence({ Cd: code('USABA') })),
      MmbId: routingNumber,
    }),
  }),
});
export const party = sequence({ Nm: max140 });
export const account = sequence({ Id: sequence({ Othr: sequence({ Id: text(34) }) }) });
export const settlement = sequence({
  SttlmMtd: code('CLRG'),
  ClrSys: sequence({ Cd: code('TCH', 'FDN') }),
});
export const paymentType = sequence({
  SvcLvl: optional(sequence({ Cd: code('SDVA') })),
  LclInstrm: sequence({ Prtry: max35 }),
  CtgyPurp: optional(sequence({ Prtry: max35 })),
});
export const reason = choice({ Cd: reasonCode, Prtry: max35 });
export const statusReason = sequence({ Rsn: reason, AddtlInf: optional(max105) });
export const originalGroup = sequence({
  OrgnlMsgId: max35,
  OrgnlMsgNmId: max35,
  OrgnlCreDtTm: optional(dateTime),
});
export const agentParty = sequence({ Agt: agent });
/** Who asks whom, at the head of investigations. */
export const assignment = sequence({
  Id: max35,
  Assgnr: agentParty,
  Assgne: agentParty,
  CreDtTm: dateTime,
});
export const investigationCase = sequence({ Id: max35, Cretr: agentParty });
export const pagination = sequence({ PgNb: count, LastPgInd: indicator });
export const period = sequence({ FrDtTm: dateTime, ToDtTm: dateTime });
export const remittance = sequence({ Ustrd: max140 });

export type Agent = Value<typeof agent>;
export type StatusReason = Value<typeof statusReason>;
export type TransactionStatus = Value<typeof transactionStatus>;

function readInstant(value: string): string | undefined {
  return DATE_TIME.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

function readDate(value: string): string | undefined {
  if (!DATE.test(value)) return undefined;
  const parsed = new Date(`${value}T00:00:00Z`);
  // A day that does not exist, such as 31 June, would roll over into the next month.
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(value) ? value : undefined;
}

function readTime(value: string): string | undefined {
  return TIME.test(value) && !Number.isNaN(Date.parse(`1970-01-01T${value}`)) ? value : undefined;
}

function readBoolean(value: string): boolean | undefined {
  if (value === 'true' || value === '1') return true;
  return value === 'false' || value === '0' ? false : undefined;
}

function readCount(value: string): number | undefined {
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
