using Stip.Client.Sampling;
using Stip.Client.Sound;

namespace Stip.Client.Tests.Sampling;

/// <summary>Times among the tokens of a text, against the rule as transformers and Whisper's own program write it: what
/// is ruled out step by step over a whole row.</summary>
public sealed class TimedTokensTests
{
    private const int VocabSize = 40;
    private const int End = 20;
    private const int Silent = 25;
    private const int FirstTime = 26;
    private const int Latest = 5;
    private const int Never = 3;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Allows_AlongRandomTexts_WhatTheRuleLeaves(int seed)
    {
        var random = new Random(seed);
        for (var text = 0; text < 40; text++)
        {
            var timed = new TimedTokens(new SpeechTimes(Silent, End, Latest), new AllBut(Never));
            var ids = new List<int>();
            while (ids.Count < 25)
            {
                // Times as a whole are sometimes likelier than any word, though none of them is.
                var logits = Enumerable.Range(0, VocabSize)
                    .Select(id => (float)(random.NextDouble() * 4 + (id >= FirstTime ? random.Next(-3, 1) : 0)))
                    .ToArray();
                timed.See(logits);
                int[] allowed = [.. Enumerable.Range(0, VocabSize).Where(timed.Allows)];

                Assert.Equal(Reference(logits, ids), allowed);

                if (allowed.Length == 0)
                {
                    break;
                }

                ids.Add(allowed[random.Next(allowed.Length)]);
                timed.Accept(ids[^1]);
            }
        }
    }

    [Fact]
    public void Allows_AtFirst_TimesNearTheBeginning()
    {
        var timed = new TimedTokens(new SpeechTimes(Silent, End, Latest), other: null);

        Assert.Equal(
            Enumerable.Range(FirstTime, Latest + 1), Enumerable.Range(0, VocabSize).Where(timed.Allows));
    }

    private static int[] Reference(float[] logits, List<int> ids)
    {
        var scores = logits.Select(logit => (double)logit).ToArray();
        RuleOut(scores, id => id is Silent or Never);
        if (ids.Count == 0)
        {
            RuleOut(scores, id => id is < FirstTime or > FirstTime + Latest);
        }

        var lastIsTime = ids is [.., >= FirstTime];
        var lastButOneIsTime = ids.Count < 2 || ids[^2] >= FirstTime;
        if (lastIsTime && lastButOneIsTime)
        {
            RuleOut(scores, id => id >= FirstTime);
        }
        else if (lastIsTime)
        {
            RuleOut(scores, id => id < End);
        }

        if (ids.LastOrDefault(id => id >= FirstTime) is > 0 and var time)
        {
            var least = lastIsTime && !lastButOneIsTime ? time : time + 1;
            RuleOut(scores, id => id >= FirstTime && id < least);
        }

        if (Math.Log(scores[FirstTime..].Sum(Math.Exp)) > scores[..FirstTime].Max())
        {
            RuleOut(scores, id => id < FirstTime);
        }

        return [.. Enumerable.Range(0, VocabSize).Where(id => !double.IsNegativeInfinity(scores[id]))];
    }

    private static void RuleOut(double[] scores, Func<int, bool> isRuledOut)
    {
        foreach (var id in Enumerable.Range(0, VocabSize).Where(isRuledOut))
        {
            scores[id] = double.NegativeInfinity;
        }
    }

    private sealed class AllBut(int never) : ITokenFilter
    {
        public bool Allows(int tokenId) => tokenId != never;
    }
}
