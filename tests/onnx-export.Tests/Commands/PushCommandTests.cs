using System.Net;
using System.Net.Sockets;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class PushCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PushCommandTests() => File.WriteAllText(
        _folder.At("stip.json"), """{"protocol": "stip/1", "model": "m", "fingerprint": "f", "files": []}""");

    [Theory]
    [InlineData("ftp://server", "key", "endpoint 'ftp://server' is not an http or https address")]
    [InlineData("http://server", " ", "there is no API key; give --api-key or set STIP_API_KEY")]
    [InlineData(
        "http://server", "a\nb",
        "the API key begins or ends with white space, or has a line end or another character that is not "
        + "printable ASCII")]
    public void Push_WithWrongEndpointOrKey_IsRefused(string endpoint, string key, string message)
    {
        var (exitCode, _, error) = Push(_folder.Path, endpoint, key);

        Assert.Equal((1, message), (exitCode, error.Trim()));
    }

    [Fact]
    public void Push_OfAFolderThatIsNoPackage_IsRefused()
    {
        var (exitCode, _, error) = Push(_folder.At("nowhere"), "http://server", "key");

        Assert.Equal(1, exitCode);
        Assert.Contains("has no stip.json", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/v1")]
    [InlineData("/v1/")]
    public void Push_WhereNobodyListens_IsRefusedByTheBareAddress(string written)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        listener.Stop();

        var (exitCode, _, error) = Push(_folder.Path, endpoint + written, "key");

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"{endpoint}/ cannot be reached", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static (int ExitCode, string Output, string Error) Push(string package, string endpoint, string key) =>
        CommandLine.Run("push", "--package", package, "--endpoint", endpoint, "--api-key", key);
}
