/** Parts of messages that are the same wherever they appear. */
import type { Money } from '../../domain/money';
import type { Agent } from '../iso20022/types';
import type { BankAccount } from '../port';
import type { NetworkProfile } from './profile';

export function agentOf(profile: NetworkProfile, routingNumber: string): Agent {
  const member = { MmbId: routingNumber };
  const named = profile.namesRoutingScheme ? { ClrSysId: { Cd: 'USABA' as const }, ...member } : member;
  return { FinInstnId: { ClrSysMmbId: named } };
}

export function accountOf(account: BankAccount) {
  return { Id: { Othr: { Id: account.accountNumber } } };
}

export function settlementOf(profile: NetworkProfile) {
  return { SttlmMtd: 'CLRG' as const, ClrSys: { Cd: profile.network } };
}

export function paymentTypeOf(profile: NetworkProfile) {
  return {
    ...(profile.serviceLevel ? { SvcLvl: { Cd: profile.serviceLevel } } : {}),
    LclInstrm: { Prtry: profile.localInstrument },
    CtgyPurp: { Prtry: 'BUSINESS' },
  };
}

export function assignmentOf(profile: NetworkProfile, id: string, from: string, to: string, at: string) {
  return {
    Id: id,
    Assgnr: { Agt: agentOf(profile, from) },
    Assgne: { Agt: agentOf(profile, to) },
    CreDtTm: at,
  };
}

/** Debtor and creditor of a transfer with their banks. */
export interface Parties {
  debtor: BankAccount;
  creditor: BankAccount;
}

export interface TransferContent extends Parties {
  amount: Money;
  businessDate: string;
  at: string;
}
