using System.Collections.Concurrent;

namespace Stip.Api.Registry;

/// <summary>Models that are served no longer and end once what waits of theirs was answered, which may take long:
/// nothing of another model waits for it.</summary>
internal sealed class EndingModels
{
    private readonly ConcurrentDictionary<HostedModel, Task> _ending = new();

    /// <summary>Done when those that end now have ended.</summary>
    public Task AllEnded => Task.WhenAll(_ending.Values);

    /// <summary>Ends models.</summary>
    public async Task EndAsync(IReadOnlyList<HostedModel> models)
    {
        var all = models.Select(model => (Model: model, End: _ending.GetOrAdd(model, Begin))).ToArray();
        try
        {
            await Task.WhenAll(all.Select(each => each.End));
        }
        finally
        {
            foreach (var (model, _) in all)
            {
                _ending.TryRemove(model, out _);
            }
        }
    }

    private static Task Begin(HostedModel model) => model.DisposeAsync().AsTask();
}
