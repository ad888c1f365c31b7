using Stip.Client.Tokenization;

namespace Stip.Client.Tests.Tokenization;

/// <summary>Counts what agrees with a golden file and says what does not.</summary>
internal static class GoldenComparison
{
    public static void AssertExact(string tokenizerFolder, string goldenFile)
    {
        var tokenizer = TextTokenizer.FromFolder(tokenizerFolder);
        var golden = GoldenFile.Read(goldenFile);
        Assert.NotEmpty(golden.Cases);
        Assert.NotEmpty(golden.Streaming);
        var faults = golden.Cases.SelectMany(@case => Faults(tokenizer, @case))
            .Concat(golden.Streaming.SelectMany(stream => Faults(tokenizer, stream))).ToArray();
        var total = golden.Cases.Length + golden.Streaming.Length;
        var failed = golden.Cases.Count(@case => Faults(tokenizer, @case).Any())
            + golden.Streaming.Count(stream => Faults(tokenizer, stream).Any());
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Path.GetFileName(tokenizerFolder)}: {total - failed} of {total} texts exact");
        Assert.True(faults.Length == 0, string.Join('\n', faults));
    }

    private static IEnumerable<string> Faults(TextTokenizer tokenizer, GoldenCase @case)
    {
        var ids = tokenizer.Encode(@case.Text);
        if (!ids.SequenceEqual(@case.Ids))
        {
            yield return $"{@case.Text}: ids {string.Join(' ', ids)}, wanted {string.Join(' ', @case.Ids)}";
        }

        if (!tokenizer.Encode(@case.Text, addSpecialTokens: true).SequenceEqual(@case.IdsWithSpecial))
        {
            yield return $"{@case.Text}: ids with special tokens differ";
        }

        if (tokenizer.Decode(@case.Ids, skipSpecialTokens: false) is var all && all != @case.Decoded)
        {
            yield return $"{@case.Text}: decoded {all}, wanted {@case.Decoded}";
        }

        if (tokenizer.Decode(@case.Ids) is var text && text != @case.DecodedSkipSpecial)
        {
            yield return $"{@case.Text}: decoded {text}, wanted {@case.DecodedSkipSpecial}";
        }

        var stream = tokenizer.CreateStream();
        if (string.Concat(@case.Ids.Select(stream.Append)) + stream.Flush() is var streamed && streamed != text)
        {
            yield return $"{@case.Text}: streamed {streamed}, decoded {text}";
        }
    }

    private static IEnumerable<string> Faults(TextTokenizer tokenizer, GoldenStream golden)
    {
        var stream = tokenizer.CreateStream();
        var shown = string.Empty;
        for (var i = 0; i < golden.Ids.Length; i++)
        {
            if (tokenizer.Decode(golden.Ids[..(i + 1)]) is var decoded && decoded != golden.Prefixes[i])
            {
                yield return $"{golden.Text}: prefix {i + 1} decoded {decoded}, wanted {golden.Prefixes[i]}";
            }

            // A character that was whole once stays shown while the byte run that it belongs to goes on. Bytes that
            // can never become one are shown as they are decoded, so such a text is compared at its end alone.
            shown += stream.Append(golden.Ids[i]);
            if (golden.Prefixes[^1].Contains('\uFFFD', StringComparison.Ordinal))
            {
                continue;
            }

            var settled = golden.Prefixes[i].TrimEnd('\uFFFD');
            if (!shown.StartsWith(settled, StringComparison.Ordinal) || shown.Contains('\uFFFD'))
            {
                yield return $"{golden.Text}: after {i + 1} ids shown {shown}, wanted {settled}";
            }
        }

        if (shown + stream.Flush() != golden.Prefixes[^1])
        {
            yield return $"{golden.Text}: streamed {shown}";
        }
    }
}
