using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Stip.Client.Bundles;
using Stip.Client.Encoders;
using Stip.Client.Transport;
using Stip.Protocol;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Encoders;

/// <summary>An encoder whose package is replaced by one with other keys while a client uses it.</summary>
public sealed class ReplacedEncoderTests : IDisposable
{
    private readonly ToyModel _toy = new(vocabSize: 16);
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Encoder_ThatWasReplacedSinceItWasAsked_RefusesTheAnswerAndAsksAgain()
    {
        var server = new EchoServer(_toy);
        using var client = Client(server);
        using var bundle = Open();
        var encoder = new StipEncoder(bundle, client);
        await RunAsync(encoder);

        server.Fingerprint = new string('b', 64);
        var refused = await Assert.ThrowsAsync<StipException>(() => RunAsync(encoder));
        Assert.Equal(StipErrorCode.PackageInvalid, refused.Code);
        Assert.Contains("has replaced it", refused.Message, StringComparison.Ordinal);

        refused = await Assert.ThrowsAsync<StipException>(() => RunAsync(encoder));
        Assert.Contains("nothing was sent", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, server.Passes);
    }

    [Fact]
    public async Task Encoder_OfAnOlderServer_TakesAnswersWithoutAFingerprint()
    {
        var server = new EchoServer(_toy) { SaysWhoAnswered = false };
        using var client = Client(server);
        using var bundle = Open();
        var encoder = new StipEncoder(bundle, client);
        Assert.Equal(_toy.HiddenSize * 2, (await RunAsync(encoder)).Values.Length);
    }

    public void Dispose() => _folder.Dispose();

    private Bundle Open()
    {
        ToyBundle.Write(_folder.Path, _toy, manifest =>
        {
            manifest["kind"] = "encoder";
            manifest["bos_token_id"] = null;
            manifest["eos_token_ids"] = new JsonArray();
        });
        return Bundle.Open(_folder.Path);
    }

    private static StipHttpClient Client(HttpMessageHandler server) =>
        new(StipConnection.Open(new Uri("http://toy.test"), "key", new StipHttpClientOptions(), server));

    private async Task<PlainOutput> RunAsync(StipEncoder encoder) => (await encoder.RunAsync(
        new ForwardRows(new float[2 * _toy.HiddenSize], null, 1, 2), ["last_hidden_state"], "a test", Cancellation))
        .Output;

    // Gives the rows back.
    private sealed class EchoServer(ToyModel model) : HttpMessageHandler
    {
        public string Fingerprint { get; set; } = ToyBundle.Fingerprint;

        public bool SaysWhoAnswered { get; init; } = true;

        public int Passes { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Get)
            {
                return Answer(Describe());
            }

            Passes++;
            var pass = await request.Content!.ReadFromJsonAsync<ForwardRequest>(StipJson.Wire, cancellationToken);
            var outputs = new Dictionary<string, TensorPayload>
            {
                ["last_hidden_state"] = pass!.Inputs["inputs_embeds"],
            };
            return Answer(new ForwardResponse("fwd_1", ForwardResponse.ObjectName, "toy", outputs)
            {
                Fingerprint = SaysWhoAnswered ? Fingerprint : null,
                KeyEpoch = SaysWhoAnswered ? 1 : null,
            });
        }

        private static HttpResponseMessage Answer<T>(T body) =>
            new() { Content = JsonContent.Create(body, options: StipJson.Wire) };

        private ModelObject Describe() => new(
            "toy", ModelObject.ObjectName, 0, "tests",
            new ModelStipInfo(
                "stip/1", "instance-1", 1, "permutation", "full", Fingerprint, model.HiddenSize, model.VocabSize, 256,
                "float32", 16, new Dictionary<string, GraphManifest>
                {
                    ["encoder"] = new(
                        "m", [new("inputs_embeds", "float32", [])], [new("last_hidden_state", "float32", [])]),
                }));
    }
}
