using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>A graph without a cache that is loaded at its first use; its passes run one after another.</summary>
internal sealed class ForwardHost(string graphPath, GraphManifest graph, IGraphRuntime runtime) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private IForwardGraph? _loaded;
    private bool _isDisposed;

    public GraphManifest Graph => graph;

    public async Task<IReadOnlyDictionary<string, TensorPayload>> RunAsync(
        ValidInputs inputs, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_isDisposed)
            {
                throw new GraphRefusedException("the model was replaced or removed");
            }

            _loaded ??= await Task.Run(() => runtime.LoadForward(graphPath), cancellation);
            return _loaded.Run(inputs.Tensors);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        _isDisposed = true;
        _loaded?.Dispose();
        _turn.Release();
    }
}
