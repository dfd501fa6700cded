/** One simulated network: what it knows, and who in it answers which message. */
import { parseMessage } from '../iso20022';
import { businessDate, type NetworkProfile } from '../instant';
import type { Books } from './books';
import type { NetworkEvent } from './events';
import { onPaymentRequest } from './mandates';
import type { Misbehaviour, MisbehaviourKind } from './misbehaviour';
import { fromCreditTransfer, fromReturn } from './proposal';
import { onReportingRequest } from './reporting';
import { onReturnRequest } from './returns';
import { onInquiry, onTransfer } from './transfers';

/** What to send back, and the misbehaviour that applies to sending it. */
export interface Reply {
  messages: string[];
  misbehaviour: MisbehaviourKind | undefined;
}

export interface NetworkDeps {
  profile: NetworkProfile;
  books: Books;
  /** Applies an event to the books and appends it to the journal. */
  record: (event: NetworkEvent) => void;
  misbehaviour: Misbehaviour;
  clock: () => Date;
}

export interface Network extends NetworkDeps {
  /** The network's time, RFC 3339: never behind its last booking or a statement's end. */
  now: () => string;
  /** Nothing is booked before this instant any more. */
  closeUntil: (instant: string) => void;
  nextReference: () => string;
  /** Undefined for a message that a participant has no business sending; throws `Iso20022Error` on what is none. */
  handle: (xml: string) => Reply | undefined;
}

export function createNetwork(deps: NetworkDeps): Network {
  let closedUntil = '';
  const network: Network = {
    ...deps,
    now: () => latest(deps.clock().toISOString(), deps.books.lastEventAt(), closedUntil),
    closeUntil: (instant) => {
      closedUntil = latest(closedUntil, instant);
    },
    nextReference: () => nextReference(deps),
    handle: (xml) => handle(network, xml),
  };
  return network;
}

function latest(...instants: string[]): string {
  return instants.reduce((a, b) => (a > b ? a : b));
}

function nextReference({ profile, books, clock }: NetworkDeps): string {
  const day = businessDate(profile, clock()).replaceAll('-', '');
  return `${day}${profile.network}${String(books.referenceCount() + 1).padStart(12, '0')}`;
}

function handle(network: Network, xml: string): Reply | undefined {
  const message = parseMessage(xml);
  switch (message.name) {
    case 'pacs.008.001.08':
      return onTransfer(network, fromCreditTransfer(message.body));
    case 'pacs.004.001.10':
      return onTransfer(network, fromReturn(message.body));
    case 'pacs.028.001.03':
      return onInquiry(network, message.body);
    case 'camt.056.001.08':
      return onReturnRequest(network, message.body);
    case 'camt.060.001.05':
      return onReportingRequest(network, message.body);
    case 'pain.013.001.07':
      return onPaymentRequest(network, message.body);
    default:
      return undefined;
  }
}
