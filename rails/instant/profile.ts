/** What tells the two instant networks apart on the wire; their terms are in `domain/rail-terms`. All else is shared. */
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { BankAccount } from '../port';

export const INSTANT_RAILS = ['rtp', 'fednow'] as const;
export type InstantRail = (typeof INSTANT_RAILS)[number];

export interface NetworkProfile {
  rail: InstantRail;
  /** The clearing system's ISO code; it is also the `network` of proofs and statement lines. */
  network: 'TCH' | 'FDN';
  localInstrument: string;
  serviceLevel: 'SDVA' | undefined;
  /** FedNow names the scheme of routing numbers in every message, RTP leaves it out. */
  namesRoutingScheme: boolean;
  /** How money goes back: FedNow has a return message, on RTP it is a new credit transfer. */
  returnMessage: 'pacs.004' | 'pacs.008';
  /** The network refuses a transfer message older than this. */
  windowMs: number;
  timeZone: string;
  /** The business day ends this long before midnight. */
  dayEndsBeforeMidnightMs: number;
  /** The network's own routing number, which it signs investigations with. */
  networkRouting: string;
  /** AURA's settlement account. */
  settlementAccount: BankAccount;
}

const HOUR_MS = 3_600_000;

export const PROFILES: Readonly<Record<InstantRail, NetworkProfile>> = {
  rtp: {
    rail: 'rtp',
    network: 'TCH',
    localInstrument: 'STANDARD',
    serviceLevel: 'SDVA',
    namesRoutingScheme: false,
    returnMessage: 'pacs.008',
    windowMs: 15_000,
    timeZone: 'America/New_York',
    dayEndsBeforeMidnightMs: 0,
    networkRouting: '990000019',
    settlementAccount: {
      holderName: 'AURA Clearinghouse',
      routingNumber: '990000103',
      accountNumber: '1000000001',
      asset: 'USD',
    },
  },
  fednow: {
    rail: 'fednow',
    network: 'FDN',
    localInstrument: 'FDNA',
    serviceLevel: undefined,
    namesRoutingScheme: true,
    returnMessage: 'pacs.004',
    windowMs: 20_000,
    timeZone: 'America/New_York',
    dayEndsBeforeMidnightMs: 5 * HOUR_MS,
    networkRouting: '990000022',
    settlementAccount: {
      holderName: 'AURA Clearinghouse',
      routingNumber: '990000103',
      accountNumber: '2000000002',
      asset: 'USD',
    },
  },
};

/** Largest transfer of an asset, minor units; undefined for an asset that is not carried. */
export function limitMinor({ rail }: NetworkProfile, asset: string): bigint | undefined {
  const { maxAmountMinor } = RAIL_TERMS[rail];
  return Object.hasOwn(maxAmountMinor, asset) ? maxAmountMinor[asset] : undefined;
}

/** The network's business date of an instant, `YYYY-MM-DD`. */
export function businessDate(profile: NetworkProfile, at: Date): string {
  return dateFormat(profile.timeZone).format(new Date(at.getTime() + profile.dayEndsBeforeMidnightMs));
}

const DATE_FORMATS = new Map<string, Intl.DateTimeFormat>();

function dateFormat(timeZone: string): Intl.DateTimeFormat {
  const known = DATE_FORMATS.get(timeZone);
  if (known) return known;
  // Building a formatter costs far more than using it; there is one time zone per network.
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  DATE_FORMATS.set(timeZone, format);
  return format;
}
