using Stip.Api.Endpoints.Completions;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints.Completions;

public sealed class StepSizesTests
{
    [Theory]
    [InlineData(96, 32, 0, 65_536 + 16_384)]
    [InlineData(96, 32, 48, 65_536 + 8_192)]
    [InlineData(131_072, 4096, 0, 65_536 + (1L << 30))]
    [InlineData(int.MaxValue, 4096, 0, 65_536 + (1L << 30))]
    [InlineData(int.MaxValue, int.MaxValue, 0, 65_536 + (1L << 30))]
    [InlineData(int.MaxValue, 32, 48, 65_536 + 8_192)]
    public void Body_OfAStep_HoldsTheLongestSessionWithinTheServersLimit(
        int contextLength, int hiddenSize, int maxLength, long expected)
    {
        using var folder = new TemporaryFolder();
        PackageManifest manifest = new TinyDecoder().WriteTo(folder.Path) with
        {
            ContextLength = contextLength,
            HiddenSize = hiddenSize,
        };
        Assert.Equal(expected, StepSizes.MaxBodyBytes(manifest, maxLength));
    }
}
