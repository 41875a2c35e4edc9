// Written by scripts/generate.mjs from idl/ballast.json: change the program, not this file.

import type { ReadonlyUint8Array } from '@solana/kit';
import * as t from './types';

/** An event of the program, by its name. */
export type BallastEvent =
  | { name: 'AccountMigrated'; data: t.AccountMigratedEvent }
  | { name: 'AlertCleared'; data: t.AlertClearedEvent }
  | { name: 'AlertRaised'; data: t.AlertRaisedEvent }
  | { name: 'AlertsSet'; data: t.AlertsSetEvent }
  | { name: 'AssetAdded'; data: t.AssetAddedEvent }
  | { name: 'BackstopCreated'; data: t.BackstopCreatedEvent }
  | { name: 'BackstopDeposited'; data: t.BackstopDepositedEvent }
  | { name: 'BackstopWithdrawalRequested'; data: t.BackstopWithdrawalRequestedEvent }
  | { name: 'BackstopWithdrawn'; data: t.BackstopWithdrawnEvent }
  | { name: 'BankruptcyResolved'; data: t.BankruptcyResolvedEvent }
  | { name: 'BoardCompleted'; data: t.BoardCompletedEvent }
  | { name: 'BreakerChanged'; data: t.BreakerChangedEvent }
  | { name: 'CalibrationLoaded'; data: t.CalibrationLoadedEvent }
  | { name: 'ClearinghouseInitialized'; data: t.ClearinghouseInitializedEvent }
  | { name: 'ClearinghouseOpened'; data: t.ClearinghouseOpenedEvent }
  | { name: 'CollateralNoted'; data: t.CollateralNotedEvent }
  | { name: 'CoverReported'; data: t.CoverReportedEvent }
  | { name: 'DelegateSet'; data: t.DelegateSetEvent }
  | { name: 'Deposited'; data: t.DepositedEvent }
  | { name: 'DepthReported'; data: t.DepthReportedEvent }
  | { name: 'DepthReporterSet'; data: t.DepthReporterSetEvent }
  | { name: 'DustSwept'; data: t.DustSweptEvent }
  | { name: 'FeesSwept'; data: t.FeesSweptEvent }
  | { name: 'Filled'; data: t.FilledEvent }
  | { name: 'FoundShort'; data: t.FoundShortEvent }
  | { name: 'FundingUpdated'; data: t.FundingUpdatedEvent }
  | { name: 'GovernanceTaken'; data: t.GovernanceTakenEvent }
  | { name: 'ImpliedVolatilityRefreshed'; data: t.ImpliedVolatilityRefreshedEvent }
  | { name: 'InsuranceToppedUp'; data: t.InsuranceToppedUpEvent }
  | { name: 'InterestCharged'; data: t.InterestChargedEvent }
  | { name: 'Liquidated'; data: t.LiquidatedEvent }
  | { name: 'MandateSet'; data: t.MandateSetEvent }
  | { name: 'MarginAccountClosed'; data: t.MarginAccountClosedEvent }
  | { name: 'MarginAccountOpened'; data: t.MarginAccountOpenedEvent }
  | { name: 'MarketAdded'; data: t.MarketAddedEvent }
  | { name: 'ModeSet'; data: t.ModeSetEvent }
  | { name: 'OptionSettled'; data: t.OptionSettledEvent }
  | { name: 'ParameterMoved'; data: t.ParameterMovedEvent }
  | { name: 'PauseSet'; data: t.PauseSetEvent }
  | { name: 'PositionTouched'; data: t.PositionTouchedEvent }
  | { name: 'PriceHeld'; data: t.PriceHeldEvent }
  | { name: 'PriceRefreshed'; data: t.PriceRefreshedEvent }
  | { name: 'ProposalEnded'; data: t.ProposalEndedEvent }
  | { name: 'Proposed'; data: t.ProposedEvent }
  | { name: 'QuoteRefreshed'; data: t.QuoteRefreshedEvent }
  | { name: 'Recovered'; data: t.RecoveredEvent }
  | { name: 'RestrictionSet'; data: t.RestrictionSetEvent }
  | { name: 'RoleNamed'; data: t.RoleNamedEvent }
  | { name: 'Settled'; data: t.SettledEvent }
  | { name: 'SettlementPriceFixed'; data: t.SettlementPriceFixedEvent }
  | { name: 'SolvencyAttested'; data: t.SolvencyAttestedEvent }
  | { name: 'StressLoaded'; data: t.StressLoadedEvent }
  | { name: 'SuccessorNamed'; data: t.SuccessorNamedEvent }
  | { name: 'TakenOver'; data: t.TakenOverEvent }
  | { name: 'Ticked'; data: t.TickedEvent }
  | { name: 'TradeDeclined'; data: t.TradeDeclinedEvent }
  | { name: 'TradeRequestClosed'; data: t.TradeRequestClosedEvent }
  | { name: 'TradeRequested'; data: t.TradeRequestedEvent }
  | { name: 'Transferred'; data: t.TransferredEvent }
  | { name: 'Withdrawn'; data: t.WithdrawnEvent };

/** The names of the program's events. */
export type BallastEventName = BallastEvent['name'];

/** The decoder of each event, by the discriminator (in hex) that its bytes begin with. */
export const EVENT_DECODERS: Readonly<Record<string, (bytes: ReadonlyUint8Array) => BallastEvent>> = {
  '9979fc801ef1a665': (bytes) => ({ name: 'AccountMigrated', data: t.getAccountMigratedEventDecoder().decode(bytes, 8) }),
  '7bd172946d83cc60': (bytes) => ({ name: 'AlertCleared', data: t.getAlertClearedEventDecoder().decode(bytes, 8) }),
  'c277961922f700ce': (bytes) => ({ name: 'AlertRaised', data: t.getAlertRaisedEventDecoder().decode(bytes, 8) }),
  '911765f34cc0db7b': (bytes) => ({ name: 'AlertsSet', data: t.getAlertsSetEventDecoder().decode(bytes, 8) }),
  'ae5b25612f0e2d5d': (bytes) => ({ name: 'AssetAdded', data: t.getAssetAddedEventDecoder().decode(bytes, 8) }),
  '4a7b6664e6d4a229': (bytes) => ({ name: 'BackstopCreated', data: t.getBackstopCreatedEventDecoder().decode(bytes, 8) }),
  'c41da579302496e1': (bytes) => ({ name: 'BackstopDeposited', data: t.getBackstopDepositedEventDecoder().decode(bytes, 8) }),
  '5fafe97a2dac414f': (bytes) => ({ name: 'BackstopWithdrawalRequested', data: t.getBackstopWithdrawalRequestedEventDecoder().decode(bytes, 8) }),
  '65eff779afb9b7ec': (bytes) => ({ name: 'BackstopWithdrawn', data: t.getBackstopWithdrawnEventDecoder().decode(bytes, 8) }),
  '5e56c4c36a48e3a9': (bytes) => ({ name: 'BankruptcyResolved', data: t.getBankruptcyResolvedEventDecoder().decode(bytes, 8) }),
  '649ca51ddf655d0b': (bytes) => ({ name: 'BoardCompleted', data: t.getBoardCompletedEventDecoder().decode(bytes, 8) }),
  '96e722ca32a74991': (bytes) => ({ name: 'BreakerChanged', data: t.getBreakerChangedEventDecoder().decode(bytes, 8) }),
  'b0f2400fb88ca19f': (bytes) => ({ name: 'CalibrationLoaded', data: t.getCalibrationLoadedEventDecoder().decode(bytes, 8) }),
  'f75479662fa69daa': (bytes) => ({ name: 'ClearinghouseInitialized', data: t.getClearinghouseInitializedEventDecoder().decode(bytes, 8) }),
  '435220e8512a1dc9': (bytes) => ({ name: 'ClearinghouseOpened', data: t.getClearinghouseOpenedEventDecoder().decode(bytes, 8) }),
  '1cbab4f09d61229b': (bytes) => ({ name: 'CollateralNoted', data: t.getCollateralNotedEventDecoder().decode(bytes, 8) }),
  'ea2a9c19132625b8': (bytes) => ({ name: 'CoverReported', data: t.getCoverReportedEventDecoder().decode(bytes, 8) }),
  '677eef83c91fd4fd': (bytes) => ({ name: 'DelegateSet', data: t.getDelegateSetEventDecoder().decode(bytes, 8) }),
  '6f8d1a2da1236439': (bytes) => ({ name: 'Deposited', data: t.getDepositedEventDecoder().decode(bytes, 8) }),
  'bb3774e64ba2f79f': (bytes) => ({ name: 'DepthReported', data: t.getDepthReportedEventDecoder().decode(bytes, 8) }),
  '1e1f29bdae0d6ce9': (bytes) => ({ name: 'DepthReporterSet', data: t.getDepthReporterSetEventDecoder().decode(bytes, 8) }),
  '8346b3cdd0500da8': (bytes) => ({ name: 'DustSwept', data: t.getDustSweptEventDecoder().decode(bytes, 8) }),
  '60da73884aaacaac': (bytes) => ({ name: 'FeesSwept', data: t.getFeesSweptEventDecoder().decode(bytes, 8) }),
  '8604113fdd2db1ad': (bytes) => ({ name: 'Filled', data: t.getFilledEventDecoder().decode(bytes, 8) }),
  '097c8965d629201f': (bytes) => ({ name: 'FoundShort', data: t.getFoundShortEventDecoder().decode(bytes, 8) }),
  'ce4c59517e25ffe0': (bytes) => ({ name: 'FundingUpdated', data: t.getFundingUpdatedEventDecoder().decode(bytes, 8) }),
  'ae151b89cee5e5ce': (bytes) => ({ name: 'GovernanceTaken', data: t.getGovernanceTakenEventDecoder().decode(bytes, 8) }),
  '4f3e9f89d81fd341': (bytes) => ({ name: 'ImpliedVolatilityRefreshed', data: t.getImpliedVolatilityRefreshedEventDecoder().decode(bytes, 8) }),
  'd17e51ef0d4ce6e3': (bytes) => ({ name: 'InsuranceToppedUp', data: t.getInsuranceToppedUpEventDecoder().decode(bytes, 8) }),
  '6b4c1836f1d21424': (bytes) => ({ name: 'InterestCharged', data: t.getInterestChargedEventDecoder().decode(bytes, 8) }),
  'e739374b00aaf644': (bytes) => ({ name: 'Liquidated', data: t.getLiquidatedEventDecoder().decode(bytes, 8) }),
  '762030ff7781685e': (bytes) => ({ name: 'MandateSet', data: t.getMandateSetEventDecoder().decode(bytes, 8) }),
  'ea684794721e6b26': (bytes) => ({ name: 'MarginAccountClosed', data: t.getMarginAccountClosedEventDecoder().decode(bytes, 8) }),
  'bdfa0da0fdcddbfb': (bytes) => ({ name: 'MarginAccountOpened', data: t.getMarginAccountOpenedEventDecoder().decode(bytes, 8) }),
  'aa08e7aff9556faf': (bytes) => ({ name: 'MarketAdded', data: t.getMarketAddedEventDecoder().decode(bytes, 8) }),
  '454bcdc917c49c30': (bytes) => ({ name: 'ModeSet', data: t.getModeSetEventDecoder().decode(bytes, 8) }),
  'c6aea7b4da1cc24b': (bytes) => ({ name: 'OptionSettled', data: t.getOptionSettledEventDecoder().decode(bytes, 8) }),
  'a0b38d69505b2822': (bytes) => ({ name: 'ParameterMoved', data: t.getParameterMovedEventDecoder().decode(bytes, 8) }),
  'af39c688c042cc49': (bytes) => ({ name: 'PauseSet', data: t.getPauseSetEventDecoder().decode(bytes, 8) }),
  '99b9413a0b1df008': (bytes) => ({ name: 'PositionTouched', data: t.getPositionTouchedEventDecoder().decode(bytes, 8) }),
  'aaa8f8bbecaf495b': (bytes) => ({ name: 'PriceHeld', data: t.getPriceHeldEventDecoder().decode(bytes, 8) }),
  '40271c4835dd548b': (bytes) => ({ name: 'PriceRefreshed', data: t.getPriceRefreshedEventDecoder().decode(bytes, 8) }),
  'a23651919d1fc721': (bytes) => ({ name: 'ProposalEnded', data: t.getProposalEndedEventDecoder().decode(bytes, 8) }),
  'd8258a8d82d0b499': (bytes) => ({ name: 'Proposed', data: t.getProposedEventDecoder().decode(bytes, 8) }),
  '248f55c4e8e68a5c': (bytes) => ({ name: 'QuoteRefreshed', data: t.getQuoteRefreshedEventDecoder().decode(bytes, 8) }),
  '750036c0bb18f082': (bytes) => ({ name: 'Recovered', data: t.getRecoveredEventDecoder().decode(bytes, 8) }),
  '8a778d547efd3d4a': (bytes) => ({ name: 'RestrictionSet', data: t.getRestrictionSetEventDecoder().decode(bytes, 8) }),
  'f6605b2bb20bf8bb': (bytes) => ({ name: 'RoleNamed', data: t.getRoleNamedEventDecoder().decode(bytes, 8) }),
  'e8d228118e7c91ee': (bytes) => ({ name: 'Settled', data: t.getSettledEventDecoder().decode(bytes, 8) }),
  '44d765250ccdb880': (bytes) => ({ name: 'SettlementPriceFixed', data: t.getSettlementPriceFixedEventDecoder().decode(bytes, 8) }),
  '91d387c9849581d0': (bytes) => ({ name: 'SolvencyAttested', data: t.getSolvencyAttestedEventDecoder().decode(bytes, 8) }),
  'b65aa3262e10d8dd': (bytes) => ({ name: 'StressLoaded', data: t.getStressLoadedEventDecoder().decode(bytes, 8) }),
  '5f119988368a8754': (bytes) => ({ name: 'SuccessorNamed', data: t.getSuccessorNamedEventDecoder().decode(bytes, 8) }),
  '85c369bef777138d': (bytes) => ({ name: 'TakenOver', data: t.getTakenOverEventDecoder().decode(bytes, 8) }),
  '3e26906a6883fe6e': (bytes) => ({ name: 'Ticked', data: t.getTickedEventDecoder().decode(bytes, 8) }),
  'd7fd2bcf73faa9a8': (bytes) => ({ name: 'TradeDeclined', data: t.getTradeDeclinedEventDecoder().decode(bytes, 8) }),
  '29b89da601199160': (bytes) => ({ name: 'TradeRequestClosed', data: t.getTradeRequestClosedEventDecoder().decode(bytes, 8) }),
  'dcac5c231bfaf549': (bytes) => ({ name: 'TradeRequested', data: t.getTradeRequestedEventDecoder().decode(bytes, 8) }),
  '1584ef4092efa644': (bytes) => ({ name: 'Transferred', data: t.getTransferredEventDecoder().decode(bytes, 8) }),
  '1459dfc6c27cdb0d': (bytes) => ({ name: 'Withdrawn', data: t.getWithdrawnEventDecoder().decode(bytes, 8) }),
};

/** The event that these bytes are, or nothing where they are none of the program's. */
export function decodeBallastEvent(bytes: ReadonlyUint8Array): BallastEvent | undefined {
  let discriminator = '';
  for (const byte of bytes.slice(0, 8)) discriminator += byte.toString(16).padStart(2, '0');
  return EVENT_DECODERS[discriminator]?.(bytes);
}
