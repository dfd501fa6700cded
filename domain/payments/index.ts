export { coversRail, isAmong, type DeclaredMethod, type PaymentCapabilities } from './capabilities';
export {
  METHOD_NAMES,
  METHOD_TABLE,
  methodOfRail,
  PROTOCOL_METHODS,
  railsOfMethod,
  type MethodName,
  type ProtocolMethod,
} from './methods';
export {
  declaredRails,
  negotiated,
  preferenceRank,
  sidesProblem,
  type NegotiatedPayment,
  type PaymentSides,
} from './negotiation';
export { PAYMENT_STATUSES, paymentStatus, paymentTerms, type PaymentStatus } from './status';
