export * from './generated';
export * from './generated/events';
export * from './generated/messages';
