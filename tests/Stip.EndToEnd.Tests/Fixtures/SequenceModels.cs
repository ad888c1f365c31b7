using System.Collections.Concurrent;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit.Processes;

[assembly: AssemblyFixture(typeof(SequenceModels))]

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>Small encoders and decoders on the shared server, each made once.</summary>
public sealed class SequenceModels : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<SequenceModel>>> _made = new();

    public Task<SequenceModel> GetAsync(ApiProcess server, string recipe, string mode = "permutation") =>
        _made.GetOrAdd(
            $"{recipe}-{mode}",
            name => new(() => SequenceModel.PushAsync(server, recipe, name, mode))).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var made in _made.Values.Where(made => made.Value.IsCompletedSuccessfully))
        {
            (await made.Value).Dispose();
        }
    }
}
