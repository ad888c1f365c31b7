using Stip.Client.Transport;

namespace Stip.Client.Encoders;

/// <summary>Runs batches of texts, in halves where the server or a proxy before it finds one too large.</summary>
internal static class TextPasses
{
    /// <param name="batches">Each of at least one text.</param>
    /// <param name="tokens">Tokens of a text.</param>
    /// <param name="ceiling">Most tokens of a pass of several texts, those that fill up the shorter ones included;
    /// learns from refusals.</param>
    /// <param name="run">Runs one pass; called in the order of the texts, once for each that is answered.</param>
    /// <exception cref="StipException">As <paramref name="run"/>; a text that is too large alone.</exception>
    public static async Task RunAsync<T>(
        IEnumerable<T[]> batches, Func<T, int> tokens, SizeCeiling ceiling, Func<T[], Task> run)
    {
        var left = new Stack<T[]>(batches.Reverse());
        while (left.TryPop(out var batch))
        {
            var size = batch.Length * batch.Max(tokens);
            if (batch.Length == 1 || size <= ceiling.Value)
            {
                try
                {
                    await run(batch);
                    ceiling.Went(size);
                    continue;
                }
                catch (StipException refused) when (refused.AsksForLess && batch.Length > 1)
                {
                    ceiling.TookTooMany(size);
                }
            }

            var half = batch.Length / 2;
            left.Push(batch[half..]);
            left.Push(batch[..half]);
        }
    }
}
