using System.Collections.Concurrent;

namespace Stip.Api.Registry;

/// <summary>Models that are served no longer and end once what waits of theirs was answered, which may take long:
/// nothing of another model waits for it.</summary>
internal sealed class EndingModels(ILogger log)
{
    private readonly ConcurrentDictionary<HostedModel, Task> _ending = new();

    /// <summary>Done when those that end now have ended.</summary>
    public Task AllEnded => Task.WhenAll(_ending.Values);

    /// <summary>Ends models, each by itself.</summary>
    /// <param name="models">Served no longer.</param>
    /// <param name="ended">Told of each once it has ended; the others may still go on.</param>
    public Task EndAsync(IEnumerable<HostedModel> models, Action<HostedModel>? ended = null) =>
        Task.WhenAll(models.Select(async model =>
        {
            await _ending.GetOrAdd(model, EndAsync);
            _ending.TryRemove(model, out _);
            ended?.Invoke(model);
        }));

    // A device that is lost may not even give back what it holds: whoever removed the model, or registered the next of
    // its name, has nothing to do with that, and nobody asks it any more.
    private async Task EndAsync(HostedModel model)
    {
        try
        {
            await model.DisposeAsync();
        }
#pragma warning disable CA1031 // As above.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.LogError("Model {Model} ended with a fault: {Kind} {Stack}", model.Id, e.GetType(), e.StackTrace);
        }
    }
}
