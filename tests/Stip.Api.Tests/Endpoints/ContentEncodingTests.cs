using System.IO.Compression;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Tests.Hosting;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Bodies that unfold into gigabytes are refused before anybody unfolds them.</summary>
public sealed class ContentEncodingTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private const int BombBytes = 16 << 20;

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("identity, gzip")]
    public async Task CompressedBombs_OnEveryRouteWithABody_AreRefused(string encoding)
    {
        var bomb = Bomb(encoding);
        Assert.InRange(bomb.Length, 1, BombBytes / 500);
        var routes = tiny.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("POST") ?? false)
            .Select(route => route.RoutePattern.RawText!).ToArray();
        Assert.True(routes.Length > 8);
        foreach (var route in routes)
        {
            foreach (var type in new[] { "application/json", "application/x-safetensors", "application/octet-stream" })
            {
                using var body = new ByteArrayContent(bomb);
                body.Headers.ContentType = new MediaTypeHeaderValue(type);
                body.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
                using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, route, body);
                var error = await ApiCaller.RefusedAsync(response, 415, "invalid_request");
                Assert.Equal("Content-Encoding", error.Error.Param);
            }
        }

        Assert.Equal(2, (await tiny.Server.Caller().StepAsync(Steps.Prefill(1, 2) with { Keep = false })).Position);
    }

    private static byte[] Bomb(string encoding)
    {
        using var packed = new MemoryStream();
        using (Stream pack = encoding switch
        {
            "br" => new BrotliStream(packed, CompressionLevel.Optimal),
            "deflate" => new ZLibStream(packed, CompressionLevel.Optimal),
            _ => new GZipStream(packed, CompressionLevel.Optimal),
        })
        {
            var zeros = new byte[1 << 20];
            for (var i = 0; i < BombBytes / zeros.Length; i++)
            {
                pack.Write(zeros);
            }
        }

        return packed.ToArray();
    }
}
