using System.Collections.Concurrent;
using Stip.Client.Embedding;
using Stip.Client.Generation;

namespace Stip.Gateway.OpenAi.Steps;

/// <summary>Collects what is shown of the requests of one answer until it is written between the answer's chunks. Only
/// who asked is told: there is no place where others could listen.</summary>
/// <param name="model">Who is asked.</param>
/// <param name="plain">True rows of the model; null where they are not here.</param>
/// <param name="time">The clock.</param>
internal sealed class StepFeed(StipModel model, PlainRows? plain, TimeProvider time)
{
    private const int MostRows = 24;
    private const int MostLikely = 3;

    // More often than a screen is drawn, nobody sees it.
    private static readonly TimeSpan BetweenRows = TimeSpan.FromMilliseconds(40);

    private readonly ConcurrentQueue<StepView> _views = new();
    private readonly RowSamples _samples = new(model.Bundle, plain);
    private long? _shown;

    public Action<SentStep> Observer(int choice) => step =>
    {
        var view = StepView.Of(choice, step.SoFar);
        if (_shown is null || time.GetElapsedTime(_shown.Value) >= BetweenRows)
        {
            _shown = time.GetTimestamp();
            view = view with
            {
                Rows = [.. _samples.Of(step, MostRows)],
                Back = [.. step.ServerIndices.Take(MostLikely).Select(index => new LikelyToken(
                    index, Text(model.Bundle.Permutation.TokenAt(index))))],
            };
        }

        _views.Enqueue(view);
    };

    /// <summary>What has come since the last time.</summary>
    public IEnumerable<StepView> Drain()
    {
        while (_views.TryDequeue(out var view))
        {
            yield return view;
        }
    }

    private string Text(int tokenId) => model.Bundle.Tokenizer is { } tokenizer
        ? new Answers.TokenNames(tokenizer).Text(tokenId)
        : "";
}
