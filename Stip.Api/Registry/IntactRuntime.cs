using Stip.Api.Engine;
using Stip.Api.Registry.Packages;

namespace Stip.Api.Registry;

/// <summary>Loads graphs of a package whose files are as they were when it was registered.</summary>
internal sealed class IntactRuntime(IGraphRuntime runtime, PackageDigests digests) : IGraphRuntime
{
    public string Provider => runtime.Provider;

    public int? SpareTokens => runtime.SpareTokens;

    public void Require(CancellationToken cancellation) => digests.Require(cancellation);

    public IDecoder LoadDecoder(DecoderSnapshot decoder)
    {
        digests.Require(CancellationToken.None);
        return runtime.LoadDecoder(decoder);
    }

    public IForwardGraph LoadForward(string graphPath)
    {
        digests.Require(CancellationToken.None);
        return runtime.LoadForward(graphPath);
    }

    public GraphSignature Inspect(string graphPath) => runtime.Inspect(graphPath);
}
