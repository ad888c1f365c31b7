using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Protocol;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Generation;

/// <summary>Which passes a decoder without a cache asks for.</summary>
public sealed class WholeLogitsTests : IDisposable
{
    private readonly ToyModel _toy = new(vocabSize: 16);
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ScoreAsync_OfMoreRowsThanAnAnswerHas_AsksForThemInRanges()
    {
        var passes = await ScoredAsync("batch");

        // No row needs the tokens behind it.
        Assert.Equal([(0, 2, 2), (2, 2, 4), (4, 1, 5)], passes.Select(pass => (
            pass.FirstRow ?? -1, pass.RowCount ?? -1, (int)pass.Inputs["inputs_embeds"].Shape[1])));
    }

    // The server chooses rows of one text alone.
    [Fact]
    public async Task ScoreAsync_OfAGraphOfTwoTexts_AsksForNoRows()
    {
        var passes = await ScoredAsync(2);

        Assert.All(passes, pass => Assert.Equal((null, null), (pass.FirstRow, pass.RowCount)));
        Assert.All(passes, pass => Assert.Equal(2, pass.Inputs["inputs_embeds"].Shape[0]));
    }

    public void Dispose() => _folder.Dispose();

    // Five tokens of a server that gives two rows at once.
    private async Task<List<ForwardRequest>> ScoredAsync(object texts)
    {
        var server = new LogitsServer(_toy, texts);
        using var client = new StipHttpClient(
            StipConnection.Open(new Uri("http://toy.test"), "key", new StipHttpClientOptions(), server));
        ToyBundle.Write(
            _folder.Path, _toy, manifest => manifest["whole_sequence"] = new JsonObject { ["rows"] = "all" });
        using var bundle = Bundle.Open(_folder.Path);
        var model = new StipModel(bundle, client);
        Assert.True(model.StepSizes.Learns(
            new StipException("too many", StipErrorCode.InvalidRequest) { Param = "logits.rows" }, 4, wantsAll: true));
        await using var session = model.OpenSession();

        var rows = await session.ScoreAsync(new[] { 3, 1, 4, 1, 5 }, Cancellation);

        // Each row's largest logit is the token of its place.
        Assert.Equal([0, 1, 2, 3, 4], rows.Select(row => row.ArgMax()));
        return server.Passes;
    }

    private sealed class LogitsServer(ToyModel model, object texts) : HttpMessageHandler
    {
        public List<ForwardRequest> Passes { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Get)
            {
                return Answer(Describe());
            }

            var pass = (await request.Content!.ReadFromJsonAsync<ForwardRequest>(StipJson.Wire, cancellationToken))!;
            Passes.Add(pass);
            var shape = pass.Inputs["inputs_embeds"].Shape;
            var (first, count) = (pass.FirstRow ?? 0, pass.RowCount ?? (int)shape[1]);
            var logits = new float[shape[0] * count * model.VocabSize];
            for (var row = 0; row < shape[0] * count; row++)
            {
                logits[(row * model.VocabSize) + model.Permutation[first + (row % count)]] = 1;
            }

            return Answer(new ForwardResponse("fwd_1", ForwardResponse.ObjectName, "toy",
                new Dictionary<string, TensorPayload>
                {
                    ["logits"] = new("float32", [shape[0], count, model.VocabSize], ToyModel.Bytes(logits)),
                }));
        }

        private static HttpResponseMessage Answer<T>(T body) =>
            new() { Content = JsonContent.Create(body, options: StipJson.Wire) };

        private ModelObject Describe() => new(
            "toy", ModelObject.ObjectName, 0, "tests",
            new ModelStipInfo(
                "stip/1", "instance-1", 1, "permutation", "full", ToyBundle.Fingerprint, model.HiddenSize,
                model.VocabSize, 256, "float32", 16, new Dictionary<string, GraphManifest>
                {
                    ["encoder"] = new(
                        "m",
                        [
                            new("inputs_embeds", "float32",
                            [
                                JsonSerializer.SerializeToElement(texts), JsonSerializer.SerializeToElement("seq"),
                                JsonSerializer.SerializeToElement(model.HiddenSize),
                            ]),
                        ],
                        [new("logits", "float32", [])]),
                }));
    }
}
