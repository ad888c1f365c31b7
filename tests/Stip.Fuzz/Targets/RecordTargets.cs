using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SkiaSharp;
using Stip.Api.Endpoints;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Uploads;
using Stip.Client.Images;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.Protocol.Uploads;
using Wire = Stip.Protocol.StipJson;

namespace Stip.Fuzz.Targets;

/// <summary>The JSON of keys and uploads, as it comes and as it is stored; and pictures.</summary>
internal static class RecordTargets
{
    private const string Owner = "key_1";
    private const string Upload = "upload_000000000000000000000000";

    public static FuzzTarget UploadJson(string scratch)
    {
        var store = Uploads(Path.Combine(scratch, "announced"), out _);
        var request = new UploadCreateRequest("model.onnx", 3, UploadCreateRequest.StipPackage, new string('a', 64));
        return new FuzzTarget("upload-json", [JsonSerializer.SerializeToUtf8Bytes(request, Wire.Wire)], input =>
        {
            if (JsonSerializer.Deserialize<UploadCreateRequest>(input, Wire.Wire) is { } read
                && store.Create(Owner, read).Is(out var record, out _))
            {
                _ = record.ToObject(store.Lifetime);
                store.Remove(record);
            }
        }, typeof(JsonException));
    }

    public static FuzzTarget UploadRecord(string scratch)
    {
        var root = Path.Combine(scratch, "stored");
        _ = Uploads(root, out var folders);
        var path = Path.Combine(folders.Uploads, Upload, "upload.json");
        var record = new UploadRecord(
            Upload, Owner, "model.onnx", 9, new string('a', 64), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch,
            UploadObject.Pending, [new UploadPartObject("part_1", "upload.part", 0, Upload, 0, 3)]);
        return new FuzzTarget("upload-record", [JsonSerializer.SerializeToUtf8Bytes(record, Wire.File)], input =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, input);
            var store = new UploadStore(folders, Options(root), TimeProvider.System);
            if (store.Find(Owner, Upload).Is(out var upload, out _))
            {
                _ = upload.Record.ToObject(store.Lifetime);
            }

            _ = store.Expire().Count;
        });
    }

    public static FuzzTarget KeyJson()
    {
        var request = new ApiKeyCreateRequest(
            "ann", ["infer"], ["stories"], 4_000_000_000, new ApiKeyLimits(1, 2, 3));
        var administrator = new ApiKeyRecord(Owner, "root", [], ApiKeyScopes.All, default, null, null, null);
        return new FuzzTarget("key-json", [JsonSerializer.SerializeToUtf8Bytes(request, Wire.Wire)], input =>
        {
            if (JsonSerializer.Deserialize<ApiKeyCreateRequest>(input, Wire.Wire) is { } read)
            {
                _ = ApiKeyJudge.Judge(read, administrator, new LimitOptions(), DateTimeOffset.UnixEpoch);
            }
        }, typeof(JsonException));
    }

    /// <summary>The small bodies: sessions, forks, registrations, rotations.</summary>
    public static FuzzTarget SmallJson() => new(
        "small-json",
        [
            JsonSerializer.SerializeToUtf8Bytes(new SessionCreateRequest("m", 8), Wire.Wire),
            JsonSerializer.SerializeToUtf8Bytes(new SessionForkRequest(3, 8), Wire.Wire),
            JsonSerializer.SerializeToUtf8Bytes(new ModelRegisterRequest(["upload_1", "upload_2"]), Wire.Wire),
            JsonSerializer.SerializeToUtf8Bytes(new ApiKeyRotateRequest(60), Wire.Wire),
        ],
        input =>
        {
            _ = JsonSerializer.Deserialize<SessionCreateRequest>(input, Wire.Wire)?.MaxLength;
            _ = JsonSerializer.Deserialize<SessionForkRequest>(input, Wire.Wire)?.Position;
            _ = JsonSerializer.Deserialize<ModelRegisterRequest>(input, Wire.Wire)?.UploadIds?.Count;
            _ = ApiKeyJudge.Overlap(JsonSerializer.Deserialize<ApiKeyRotateRequest>(input, Wire.Wire));
        },
        typeof(JsonException));

    public static FuzzTarget KeyFile(string scratch)
    {
        _ = Uploads(Path.Combine(scratch, "keys"), out var folders);
        var path = Path.Combine(folders.Keys, "api_keys.json");
        const string Seed = """
            {"keys":[{"id":"key_1","name":"ann","sha256":"aa","redacted_value":"stip_…","scopes":["infer"],
            "created_at":"2026-01-01T00:00:00+00:00","models":["m"],"expires_at":null}]}
            """;
        return new FuzzTarget("key-file", [Encoding.UTF8.GetBytes(Seed)], input =>
        {
            File.WriteAllBytes(path, input);
            foreach (var key in new KeyFile(folders).Read())
            {
                _ = key.ToRow();
            }
        }, typeof(InvalidOperationException));
    }

    public static FuzzTarget Picture()
    {
        using var bitmap = new SKBitmap(9, 7);
        bitmap.Erase(SKColors.Orange);
        bitmap.SetPixel(3, 4, SKColors.Blue);
        var formats = new[] { SKEncodedImageFormat.Png, SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Webp };
        byte[][] seeds =
        [
            .. formats.Select(format => bitmap.Encode(format, 80).ToArray()),
            Convert.FromHexString( // GIF of one pixel
                "47494638396101000100800000FF000000000021F90400000000002C00000000010001000002024401003B"),
            Convert.FromHexString( // BMP of one pixel
                "424D3A000000000000003600000028000000010000000100000001001800000000000400000013"
                + "0B0000130B000000000000000000000000FF00"),
        ];
        return new FuzzTarget("picture", seeds, input => ImageReader.Decode(input), typeof(InvalidDataException));
    }

    private static UploadStore Uploads(string root, out DataFolders folders)
    {
        folders = new DataFolders(Options(root));
        return new UploadStore(folders, Options(root), TimeProvider.System);
    }

    private static IOptions<ApiOptions> Options(string root) =>
        Microsoft.Extensions.Options.Options.Create(new ApiOptions { DataDirectory = root });
}
