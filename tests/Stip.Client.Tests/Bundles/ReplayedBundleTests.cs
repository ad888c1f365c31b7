using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Keys.Sealing;
using Stip.Protocol.Errors;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Bundles;

/// <summary>A sealed bundle of keys that were rotated since: it opens, and is of no use.</summary>
public sealed class ReplayedBundleTests
{
    [Theory]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000bb", 1)]
    [InlineData(ToyBundle.Fingerprint, 2)]
    public async Task GenerateAsync_SealedBundleOfOtherKeys_IsRefusedInOneLineAndSendsNothing(
        string fingerprintOfServer, int epochOfBundle)
    {
        using var folder = new TemporaryFolder();
        var toy = new ToyModel();
        ToyBundle.Write(folder.At("client"), toy, manifest => manifest["key_epoch"] = epochOfBundle);
        var secret = SealSecret.FromPassphrase("correct horse");
        SealedBundle.Seal(folder.At("client"), folder.At("bundle.sealed"), secret);
        SealedBundle.Unseal(
            folder.At("bundle.sealed"), folder.At("replayed"), secret, TestContext.Current.CancellationToken);
        using var bundle = Bundle.Open(folder.At("replayed"));
        var server = new ToyServer(toy) { Fingerprint = fingerprintOfServer };
        using var client = new StipHttpClient(new HttpClient(server) { BaseAddress = new Uri("http://toy.test") });
        var model = new StipModel(bundle, client);

        var refusal = await Assert.ThrowsAsync<StipException>(async () =>
        {
            await foreach (var token in model.GenerateAsync(
                (int[])[1, 2], cancellationToken: TestContext.Current.CancellationToken))
            {
                Assert.Fail($"token {token.Id}");
            }
        });

        Assert.Equal(StipErrorCode.PackageInvalid, refusal.Code);
        Assert.EndsWith("; nothing was sent", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Empty(server.Steps);
    }
}
