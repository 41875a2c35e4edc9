/** The steps of a story: nothing is learnt from those after one that failed. */
import { test, type TestContext } from 'node:test';

type Step = (name: string, act: (context: TestContext) => Promise<unknown>) => Promise<void>;

/** Steps that follow one another. Where one fails, `situation` says how everything stood. */
export function story(situation?: () => Promise<string>): Step {
  let broken = false;
  return (name, act) =>
    test(name, async (context) => {
      if (broken) return context.skip('an earlier step failed');
      try {
        await act(context);
      } catch (error) {
        broken = true;
        if (situation) console.error(await situation().catch(String));
        throw error;
      }
    });
}
