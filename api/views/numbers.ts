export { jsonNumber } from '../../domain/json-number';
