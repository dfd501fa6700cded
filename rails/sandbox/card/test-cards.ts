/** The cards that the sandbox knows: the same that the API recognises. */
export {
  cardOfTestToken,
  isLuhn,
  testCard,
  type CardBehaviour,
  type TestCard,
} from '../../../domain/payments/test-cards';
