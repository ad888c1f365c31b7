using System.Text.Json;
using Microsoft.ML.Tokenizers;
using Stip.Client.Tokenization.Models;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

public sealed class MergeQueueTests
{
    [Fact]
    public void Merge_RandomWords_AgreesWithMicrosoftMlTokenizers()
    {
        var file = RepositoryRoot.At("samples", "models", "stories", "tokenizer.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        var model = document.RootElement.GetProperty("model");
        var vocabulary = Vocabulary.Read(model.GetProperty("vocab"));
        var pairs = BpeMerges.ReadPairs(model);
        var queue = new MergeQueue(BpeMerges.Rank(pairs, vocabulary, prefix: null));
        var reference = BpeTokenizer.Create(new BpeOptions(vocabulary.Ids)
        {
            Merges = pairs.Select(pair => $"{pair.Left} {pair.Right}"),
        });

        var random = new Random(20);
        foreach (var _ in Enumerable.Range(0, 500))
        {
            var word = string.Concat(random.GetItems("eeettaaoinshrdluĠĠ.xq".AsSpan(), random.Next(1, 120)).ToArray());
            var ids = new List<int>();
            queue.Merge([.. word.Select(symbol => vocabulary.Id([symbol])!.Value)], ids);
            Assert.Equal(reference.EncodeToIds(word, false, false), ids);
        }
    }

    [Fact]
    public void Encode_OneWordOf300000Letters_EndsInSeconds()
    {
        var stories = Client.Tokenization.TextTokenizer.FromFolder(RepositoryRoot.At("samples", "models", "stories"));
        var started = TimeProvider.System.GetTimestamp();
        Assert.NotEmpty(stories.Encode(new string('e', 300_000)));
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
    }
}
