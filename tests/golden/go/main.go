// Command golden makes the files that show that Go's implementation of protobuf and the core's own understand each
// other: it writes each message of cases.json, and reads what the core has written of it.
//
//	go run .      (in this folder)
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

type golden struct {
	Name    string
	Message protoreflect.Name
	Fields  json.RawMessage
	Unknown string // Further bytes, in hexadecimal: fields that a later version of the message may have.
}

func main() {
	types := messageTypes("../../../proto")
	var cases []golden
	check(json.Unmarshal(read("../cases.json"), &cases))
	for _, each := range cases {
		written := dynamicpb.NewMessage(types[each.Message])
		check(protojson.Unmarshal(each.Fields, written))
		unknown, err := hex.DecodeString(each.Unknown)
		check(err)
		written.SetUnknown(unknown)
		value, err := proto.Marshal(written)
		check(err)
		write(filepath.Join("..", "written_by_go", each.Name+".bin"), value)

		ofCore := dynamicpb.NewMessage(types[each.Message])
		check(proto.Unmarshal(read(filepath.Join("..", "written_by_core", each.Name+".bin")), ofCore))
		text, err := protojson.Marshal(ofCore)
		check(err)
		// The spaces of protojson differ from run to run.
		var compact bytes.Buffer
		check(json.Compact(&compact, text))
		compact.WriteByte('\n')
		write(filepath.Join("..", "written_by_core", each.Name+".read_by_go.json"), compact.Bytes())
	}
}

// messageTypes compiles the .proto files in folder and returns their messages by name.
func messageTypes(folder string) map[protoreflect.Name]protoreflect.MessageDescriptor {
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{folder}}}
	names := []string{"alerting/v1/alert.proto", "alerting/v1/rule.proto", "alerting/v1/notification.proto"}
	files, err := compiler.Compile(context.Background(), names...)
	check(err)
	types := map[protoreflect.Name]protoreflect.MessageDescriptor{}
	for _, file := range files {
		for index := range file.Messages().Len() {
			message := file.Messages().Get(index)
			types[message.Name()] = message
		}
	}
	return types
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	check(err)
	return content
}

func write(path string, content []byte) {
	check(os.WriteFile(path, content, 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
